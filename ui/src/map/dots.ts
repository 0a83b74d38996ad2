/** How traffic becomes dots: pure arithmetic, tested without a screen. */

export const OK = 0;
export const SLOW = 1;
export const ERROR = 2;
export const RETRY = 3;
export type DotKind = typeof OK | typeof SLOW | typeof ERROR | typeof RETRY;

/** Slow is what takes longer than so many times the usual median. */
export const SLOW_FACTOR = 4;
/** The busiest link has so many dots. */
export const PER_LINK = 44;

/**
 * The largest rate now, forgotten slowly: a fixed scale would make all traffic of a small system look alike, and one that
 * follows every second would make a rising load look like a steady one.
 */
export function movingMax(before: number, rates: ArrayLike<number>, elapsed: number): number {
  let largest = 0;
  for (let i = 0; i < rates.length; i++) largest = Math.max(largest, rates[i]!);
  return Math.max(largest, before * Math.pow(0.5, Math.max(0, elapsed) / 20));
}

/** Dots for each link: as the square root of its rate, one at least where anything moves, `cap` altogether. */
export function dotCounts(rates: ArrayLike<number>, most: number, cap: number): Uint16Array {
  const wanted = new Float64Array(rates.length);
  let sum = 0;
  for (let i = 0; i < rates.length; i++) {
    wanted[i] = rates[i]! > 0 && most > 0 ? Math.max(1, PER_LINK * Math.sqrt(Math.min(1, rates[i]! / most))) : 0;
    sum += wanted[i]!;
  }
  const scale = sum > cap ? cap / sum : 1;
  const counts = new Uint16Array(rates.length);
  // What is lost by rounding down is carried on, so that faint traffic keeps its part under a cap.
  let carried = 0;
  for (let i = 0; i < rates.length; i++) {
    const exact = wanted[i]! * scale;
    if (exact === 0) continue;
    if (scale === 1) counts[i] = Math.round(exact);
    else {
      counts[i] = Math.floor(exact + carried);
      carried += exact - counts[i]!;
    }
  }
  return counts;
}

/**
 * Where on its link the k-th dot runs: of any number of dots the first n lie nearly evenly (golden ratio), so that more
 * traffic adds dots and moves none.
 */
export function phase(k: number): number {
  return (k * 0.6180339887498949) % 1;
}

/** A number for the k-th dot that decides its outcome: of the first n, a share s lies below s (van der Corput). */
export function dice(k: number): number {
  let [value, step] = [0, 0.5];
  for (let rest = k + 1; rest > 0; rest >>= 1, step /= 2) if (rest & 1) value += step;
  return value;
}

export function kindOf(k: number, err: number, retry: number, slow: number): DotKind {
  const u = dice(k);
  if (u < err) return ERROR;
  if (u < err + retry) return RETRY;
  return u < err + retry + slow ? SLOW : OK;
}

/** Seconds that a dot takes from end to end: ten times the latency takes a second and a quarter longer. */
export function crossing(latency: number): number {
  if (!Number.isFinite(latency) || latency <= 0) return 2;
  return Math.min(9, Math.max(1, 1.6 + 1.25 * Math.log10(latency / 1e-3)));
}

/** Which part takes longer than `SLOW_FACTOR` times the usual median, of latencies lognormal with these percentiles. */
export function slowShare(p50: number, p99: number, usual: number): number {
  if (!(p50 > 0) || !(usual > 0)) return 0;
  const bound = Math.log((SLOW_FACTOR * usual) / p50);
  const sigma = Math.log(Math.max(p99, p50) / p50) / 2.3263;
  if (!(sigma > 1e-6)) return bound < 0 ? 1 : 0;
  return 1 - normal(bound / sigma);
}

/** The distribution function of the standard normal, to 1e-7 (Abramowitz and Stegun 26.2.17). */
export function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const upper = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * tail;
  return x >= 0 ? 1 - upper : upper;
}

/** What is usual on an edge: the least median seen, which creeps up so that lasting change becomes usual. */
export function updateUsual(usual: Float32Array, medians: ArrayLike<number>, elapsed: number): void {
  const creep = Math.pow(1.005, Math.min(60, Math.max(0, elapsed)));
  for (let i = 0; i < usual.length; i++) {
    const now = medians[i]!;
    if (!(now > 0)) continue;
    const before = usual[i]!;
    usual[i] = before > 0 ? Math.min(now, before * creep) : now;
  }
}
