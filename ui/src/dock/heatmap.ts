/** Latencies over time on a canvas, and their histogram, both on a logarithmic axis. */
import type { Heat } from '../api/types';
import { mix, type Colours } from '../parts/colours';
import { clock, duration } from '../text/format';
import { lower, modes, place, upper, used, type Histogram } from './histogram';
import { fit } from './track';

const LEFT = 56;
const BOTTOM = 20;
const FONT = '11px system-ui, sans-serif';
const LEVELS = 12;

export interface HeatView {
  width: number;
  height: number;
  at: number | null;
  range: [number, number] | null;
}

export function drawHeat(canvas: HTMLCanvasElement, heat: Heat, view: HeatView, colours: Colours) {
  const context = fit(canvas, view.width, view.height);
  const area = { left: LEFT, top: 4, right: view.width - 4, bottom: view.height - BOTTOM };
  const all = heat.counts.reduce<number[]>((sum, row) => row.map((n, bin) => n + (sum[bin] ?? 0)), []);
  const [first, last] = used(all);
  const end = Math.max(10, heat.time_s.at(-1) ?? 10);
  const x = (time: number) => area.left + ((area.right - area.left) * time) / end;
  const y = (bin: number) => area.bottom - ((area.bottom - area.top) * (bin - first)) / (last + 1 - first);
  cells(context, heat, [first, last], x, y, colours);
  context.font = FONT;
  context.fillStyle = colours['text-quiet'];
  latencyAxis(context, heat.bounds_s, [first, last], y);
  timeAxis(context, end, x, view.height);
  looked(context, view, x, area, colours);
}

function cells(context: CanvasRenderingContext2D, heat: Heat, [first, last]: [number, number], x: (t: number) => number, y: (b: number) => number, colours: Colours) {
  const top = Math.log1p(Math.max(1, ...heat.counts.map((row) => Math.max(0, ...row))));
  const shades = Array.from({ length: LEVELS + 1 }, (_, level) => mix(colours.sunken, colours.text, 0.08 + (0.92 * level) / LEVELS));
  heat.time_s.forEach((time, second) => {
    const [left, right] = [x(time - 1), x(time)];
    for (let bin = first; bin <= last; bin++) {
      const n = heat.counts[second]![bin] ?? 0;
      if (n === 0) continue;
      context.fillStyle = shades[Math.round((LEVELS * Math.log1p(n)) / top)]!;
      context.fillRect(left, y(bin + 1), Math.max(1, right - left), y(bin) - y(bin + 1) + 0.5);
    }
  });
}

/** A label at each power of ten, and between them where there is room. */
function latencyAxis(context: CanvasRenderingContext2D, bounds: number[], [first, last]: [number, number], y: (b: number) => number) {
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  let lowest = Infinity;
  for (let bin = first; bin <= last + 1; bin++) {
    const at = y(bin);
    if (lowest - at < 22) continue;
    context.fillText(duration(lower(bounds, bin)), LEFT - 6, Math.max(8, at));
    lowest = at;
  }
}

function timeAxis(context: CanvasRenderingContext2D, end: number, x: (t: number) => number, height: number) {
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    context.textAlign = share === 1 ? 'right' : share === 0 ? 'left' : 'center';
    context.fillText(clock(share * end), x(share * end), height - 6);
  }
}

function looked(context: CanvasRenderingContext2D, view: HeatView, x: (t: number) => number, area: { top: number; bottom: number }, colours: Colours) {
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  if (view.range) context.strokeRect(x(view.range[0]), area.top, x(view.range[1]) - x(view.range[0]), area.bottom - area.top);
  if (view.at === null) return;
  context.fillStyle = colours.accent;
  context.fillRect(x(view.at) - 1, area.top, 2, area.bottom - area.top);
}

export const heatTime = (offsetX: number, width: number, end: number) =>
  Math.max(1, Math.round(((offsetX - LEFT) / (width - 4 - LEFT)) * Math.max(10, end)));

export interface Drawn {
  label: string;
  histogram: Histogram;
  colour: 'ok' | 'retry';
}

/** Several are drawn over each other, each as a share of its own total. */
export function drawHistogram(canvas: HTMLCanvasElement, drawn: Drawn[], width: number, height: number, colours: Colours) {
  const context = fit(canvas, width, height);
  const some = drawn.filter((it) => it.histogram.total > 0);
  const first = Math.min(...some.map((it) => used(it.histogram.counts)[0]));
  const last = Math.max(...some.map((it) => used(it.histogram.counts)[1]));
  if (!some.length) return;
  const x = (bin: number) => 8 + ((width - 16) * (bin - first)) / (last + 1 - first);
  const bottom = height - BOTTOM;
  context.font = FONT;
  for (const it of some) bars(context, it, [first, last], x, bottom, colours);
  if (some.length === 1) peaks(context, some[0]!.histogram, x, bottom, colours);
  for (const it of some) percentiles(context, it, x, bottom, colours);
  bottomAxis(context, some[0]!.histogram.bounds_s, [first, last], x, height, colours);
}

const TOP = 30;

function bars(context: CanvasRenderingContext2D, { histogram, colour }: Drawn, [first, last]: [number, number], x: (b: number) => number, bottom: number, colours: Colours) {
  const top = Math.max(...histogram.counts);
  context.fillStyle = colours[colour];
  context.strokeStyle = colours[colour];
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x(first), bottom);
  for (let bin = first; bin <= last; bin++) {
    const at = bottom - ((bottom - TOP) * histogram.counts[bin]!) / top;
    context.lineTo(x(bin), at);
    context.lineTo(x(bin + 1), at);
  }
  context.lineTo(x(last + 1), bottom);
  context.globalAlpha = 0.3;
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
}

function peaks(context: CanvasRenderingContext2D, { counts, bounds_s }: Histogram, x: (b: number) => number, bottom: number, colours: Colours) {
  const top = Math.max(...counts);
  context.fillStyle = colours.text;
  context.textAlign = 'center';
  for (const bin of modes(counts)) {
    const at = bottom - ((bottom - TOP) * counts[bin]!) / top;
    context.fillText(duration(Math.sqrt(lower(bounds_s, bin) * upper(bounds_s, bin))), x(bin + 0.5), at - 5);
  }
}

const QUANTILES: [string, number][] = [['p50', 0.5], ['p99', 0.99], ['p99.9', 0.999]];

function percentiles(context: CanvasRenderingContext2D, { histogram, colour }: Drawn, x: (b: number) => number, bottom: number, colours: Colours) {
  context.textAlign = 'left';
  context.setLineDash([3, 3]);
  context.strokeStyle = colours[colour];
  context.fillStyle = colours['text-quiet'];
  for (const [label, share] of QUANTILES) {
    const bins = place(histogram, share);
    if (bins === null) continue;
    const at = x(bins);
    context.beginPath();
    context.moveTo(at, 14);
    context.lineTo(at, bottom);
    context.stroke();
    context.fillText(label, at - 8, 10);
  }
  context.setLineDash([]);
}

function bottomAxis(context: CanvasRenderingContext2D, bounds: number[], [first, last]: [number, number], x: (b: number) => number, height: number, colours: Colours) {
  context.fillStyle = colours['text-quiet'];
  context.textAlign = 'center';
  let right = -Infinity;
  for (let bin = first; bin <= last; bin++) {
    if (x(bin) - right < 64 || x(bin) < 24) continue;
    context.fillText(duration(lower(bounds, bin)), x(bin), height - 6);
    right = x(bin);
  }
}
