/** Numbers as people read them: three digits, a unit, and a dash where there is nothing to say. */

export const NOTHING = '–';

const isNothing = (x: number | null | undefined): x is null | undefined => x === null || x === undefined || Number.isNaN(x);

/** Three significant digits, without an exponent, and no digits that say nothing. */
function digits(x: number): string {
  if (x === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))));
  return x.toFixed(Math.min(places, 6)).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

export function count(x: number | null | undefined): string {
  if (isNothing(x)) return NOTHING;
  const size = Math.abs(x);
  if (size >= 9.995e8) return `${digits(x / 1e9)} G`;
  if (size >= 9.995e5) return `${digits(x / 1e6)} M`;
  if (size >= 9.995e3) return `${digits(x / 1e3)} k`;
  return digits(Math.round(x * 1000) / 1000);
}

export const rate = (x: number | null | undefined): string => (isNothing(x) ? NOTHING : `${count(x)}/s`);

export function share(x: number | null | undefined): string {
  if (isNothing(x)) return NOTHING;
  const percent = 100 * x;
  if (percent > 0 && percent < 0.01) return '<0.01%';
  return `${digits(Math.round(percent * 100) / 100)}%`;
}

export function duration(seconds: number | null | undefined): string {
  if (isNothing(seconds)) return NOTHING;
  const size = Math.abs(seconds);
  if (size === 0) return '0';
  if (size < 1e-6) return `${digits(seconds * 1e9)} ns`;
  if (size < 0.9995e-3) return `${digits(seconds * 1e6)} µs`;
  if (size < 0.9995) return `${digits(seconds * 1e3)} ms`;
  if (size < 120) return `${digits(seconds)} s`;
  return clock(seconds);
}

/** A time of the run: `0:07`, `12:30`, `1:02:03`, with tenths where they matter. */
export function clock(seconds: number, tenths = false): string {
  const whole = Math.floor(seconds + 1e-9);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (x: number) => String(x).padStart(2, '0');
  const head = h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  return tenths ? `${head}.${Math.floor((seconds - whole) * 10 + 1e-6)}` : head;
}

/** Steps of axes of time that people count in. */
export const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];
