import type { Rect } from './camera';

export interface LabelWish {
  /** Keeps its place from one drawing to the next. */
  key: string;
  width: number;
  height: number;
  /** Middle and radius of what it names, in pixels of the screen. */
  x: number;
  y: number;
  r: number;
  priority: number;
}

export interface PlacedLabel {
  index: number;
  /** Left and top. */
  x: number;
  y: number;
  side: Side;
}

export type Side = 'below' | 'above' | 'right' | 'belowLeft';
const SIDES: readonly Side[] = ['below', 'above', 'right', 'belowLeft'];
const CELL = 64;

/**
 * Puts labels where they cover neither each other nor an obstacle, the important ones first; what finds no room is left
 * out. A label that stood on one side before tries that first, and goes before its equals, so that nothing flickers.
 */
export function placeLabels(
  wishes: readonly LabelWish[], obstacles: readonly Rect[], width: number, height: number, before: ReadonlyMap<string, Side>,
): PlacedLabel[] {
  const taken = new Taken();
  for (const rect of obstacles) taken.add(rect);
  const bonus = (wish: LabelWish): number => wish.priority * (before.has(wish.key) ? 1.15 : 1);
  const order = wishes.map((_, i) => i).sort((a, b) => bonus(wishes[b]!) - bonus(wishes[a]!) || a - b);
  const placed: PlacedLabel[] = [];
  for (const index of order) {
    const wish = wishes[index]!;
    const stood = before.get(wish.key);
    const sides = stood ? [stood, ...SIDES.filter((side) => side !== stood)] : SIDES;
    for (const side of sides) {
      const rect = pushedIn(rectOf(wish, side), wish, side, width);
      if (!within(rect, width, height) || taken.covers(rect)) continue;
      taken.add(rect);
      placed.push({ index, x: rect.x, y: rect.y, side });
      break;
    }
  }
  return placed;
}

function rectOf(wish: LabelWish, side: Side): Rect {
  const { x, y, r, width: w, height: h } = wish;
  if (side === 'below') return { x: x - w / 2, y: y + r + 3, w, h };
  if (side === 'above') return { x: x - w / 2, y: y - r - 3 - h, w, h };
  if (side === 'belowLeft') return { x: x + r - w, y: y + r + 3, w, h };
  return { x: x + r + 5, y: y - h / 2, w, h };
}

/** At the rim of the view a label above or below may stand a little aside. */
function pushedIn(rect: Rect, wish: LabelWish, side: Side, width: number): Rect {
  if (side === 'right') return rect;
  const x = Math.min(Math.max(rect.x, 2), width - 2 - rect.w);
  return Math.abs(x - rect.x) <= wish.r + 16 ? { ...rect, x } : rect;
}

function within(rect: Rect, width: number, height: number): boolean {
  return rect.x >= 2 && rect.y >= 2 && rect.x + rect.w <= width - 2 && rect.y + rect.h <= height - 2;
}

export function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Rectangles by the cells of a grid that they touch. */
class Taken {
  private readonly cells = new Map<number, Rect[]>();

  add(rect: Rect): void {
    this.each(rect, (key) => {
      const list = this.cells.get(key);
      if (list) list.push(rect);
      else this.cells.set(key, [rect]);
      return false;
    });
  }

  covers(rect: Rect): boolean {
    return this.each(rect, (key) => this.cells.get(key)?.some((other) => overlap(rect, other)) ?? false);
  }

  private each(rect: Rect, visit: (key: number) => boolean): boolean {
    const [x0, x1] = [Math.floor(rect.x / CELL), Math.floor((rect.x + rect.w) / CELL)];
    const [y0, y1] = [Math.floor(rect.y / CELL), Math.floor((rect.y + rect.h) / CELL)];
    for (let x = x0; x <= x1; x++) for (let y = y0; y <= y1; y++) if (visit(x * 65536 + y)) return true;
    return false;
  }
}
