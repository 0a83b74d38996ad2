/** Latencies of a stretch of time as one histogram, and the modes in it. */
import type { Heat } from '../api/types';

export interface Histogram {
  bounds_s: number[];
  counts: number[];
  total: number;
}

/** The seconds from `from` to `to`, both included. */
export function histogram(heat: Heat, from: number, to: number): Histogram {
  const counts = new Array<number>(Math.max(0, ...heat.counts.map((row) => row.length))).fill(0);
  heat.time_s.forEach((time, second) => {
    if (time < from - 1e-6 || time > to + 1e-6) return;
    heat.counts[second]!.forEach((n, bin) => (counts[bin]! += n));
  });
  return { bounds_s: heat.bounds_s, counts, total: counts.reduce((a, b) => a + b, 0) };
}

/** Bins that have something, and one on either side. */
export function used(counts: number[]): [number, number] {
  const first = counts.findIndex((n) => n > 0);
  const last = counts.findLastIndex((n) => n > 0);
  return first < 0 ? [0, 0] : [Math.max(0, first - 1), Math.min(counts.length - 1, last + 1)];
}

/** Weights of a bin and its neighbours on either side when bins are smoothed, of a sum of one. */
const WEIGHTS = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((at) => (5 - Math.abs(at)) / 25);
/** How much of the variance of what they were smoothing leaves. */
const LEFT_OVER = WEIGHTS.reduce((sum, weight) => sum + weight ** 2, 0);
/** In standard deviations; what chance makes of many bins stays below. */
const CERTAIN = 4;

/** Hills that stand out from what is smoothed: a hundredth of the largest at least, and a valley of a fifth between two. */
export function modes(counts: number[]): number[] {
  const smooth = counts.map((_, bin) => WEIGHTS.reduce((sum, weight, at) => sum + weight * (counts[bin + at - 4] ?? 0), 0));
  const top = Math.max(...smooth, 0);
  const peaks: number[] = [];
  smooth.forEach((height, bin) => {
    const isPeak = height > (smooth[bin - 1] ?? -1) && height >= (smooth[bin + 1] ?? -1);
    if (isPeak && height >= top / 100) keep(peaks, bin, smooth);
  });
  return peaks;
}

/** A peak that no valley parts from the one before it, or one that chance may have dug, is the same hill. */
function keep(peaks: number[], bin: number, heights: number[]) {
  const before = peaks.at(-1);
  if (before === undefined) return void peaks.push(bin);
  const valley = Math.min(...heights.slice(before, bin + 1));
  const lower = Math.min(heights[before]!, heights[bin]!);
  const chance = CERTAIN * Math.sqrt((lower + valley) * LEFT_OVER);
  if (valley < 0.8 * lower && lower - valley > chance) peaks.push(bin);
  else if (heights[bin]! > heights[before]!) peaks[peaks.length - 1] = bin;
}

/** How many bins lie below a share of all, in parts of a bin; within one, latencies are taken to be spread evenly. */
export function place({ counts, total }: Histogram, share: number): number | null {
  let below = 0;
  for (let bin = 0; bin < counts.length && total > 0; bin++) {
    const here = counts[bin]!;
    if (here > 0 && below + here >= share * total) return bin + (share * total - below) / here;
    below += here;
  }
  return null;
}

/** The latency that a share of all stays below. */
export function quantile(of: Histogram, share: number): number | null {
  const at = place(of, share);
  if (at === null) return null;
  const bin = Math.floor(at);
  const [from, to] = [lower(of.bounds_s, bin), upper(of.bounds_s, bin)];
  return from * (to / from) ** (at - bin);
}

/** Bin `i` lies between bounds `i` and `i + 1`. */
export const lower = (bounds_s: number[], bin: number): number => bounds_s[bin] ?? bounds_s.at(-1) ?? 0;
export const upper = (bounds_s: number[], bin: number): number => bounds_s[bin + 1] ?? bounds_s.at(-1) ?? 0;

/** In parts of a bin; bounds are as far apart on a logarithmic axis everywhere. */
export const binOf = ([first, second]: number[], latency_s: number): number => Math.log(latency_s / first!) / Math.log(second! / first!);
