/** Round numbers for the axes of canvases. */
import { STEPS_S } from '../text/format';


const DAY_S = 86_400;

/** From 0 to `end`, at most so many. */
export function timeTicks(end: number, most: number): number[] {
  const step = STEPS_S.find((it) => end / it < most) ?? DAY_S * Math.ceil(end / DAY_S / most);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, at) => at * step);
}

/** Within a decade: as many as there is room for. */
const MANTISSAS = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]];

/** On a logarithmic axis; at most so many, if powers of ten are not more already. */
export function logTicks(from: number, to: number, most: number): number[] {
  for (const mantissas of MANTISSAS) {
    const ticks = between(from, to, mantissas);
    if (ticks.length <= most) return ticks;
  }
  return between(from, to, [1]);
}

function between(from: number, to: number, mantissas: number[]): number[] {
  const decades = Array.from({ length: Math.ceil(Math.log10(to / from)) + 2 }, (_, at) => Math.floor(Math.log10(from)) + at);
  // A division by a power of ten is exact where a product with its inverse is not.
  const value = (mantissa: number, decade: number) => (decade < 0 ? mantissa / 10 ** -decade : mantissa * 10 ** decade);
  return decades.flatMap((decade) => mantissas.map((it) => value(it, decade))).filter((it) => it >= from && it <= to);
}
