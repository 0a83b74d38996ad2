/** The map's camera as a word of the link. */
import type { Depth, View } from '../map';

const DEPTHS: Depth[] = ['world', 'region', 'service'];

export const asText = ({ x, y, zoom, depth, focus }: View): string =>
  [Math.round(x), Math.round(y), zoom.toFixed(3), depth, ...(focus ? [focus] : [])].join('_');

export function asCamera(text: string): View | null {
  const [x, y, zoom, depth, ...focus] = text.split('_');
  const numbers = [x, y, zoom].map(Number);
  if (numbers.some((it) => !Number.isFinite(it)) || !DEPTHS.includes(depth as Depth)) return null;
  return { x: numbers[0]!, y: numbers[1]!, zoom: numbers[2]!, depth: depth as Depth, focus: focus.join('_') || null };
}
