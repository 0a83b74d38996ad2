/** Boxes of a flame graph, and the way from one to another by keys. */
import type { Flame } from '../api/types';

export interface Box {
  flame: Flame;
  depth: number;
  left: number;
  width: number;
}

/** Narrower ones cannot be seen, nor pointed at. */
const NARROWEST = 1;

export function boxes(root: Flame, width: number): Box[] {
  const all: Box[] = [];
  const stack: Box[] = [{ flame: root, depth: 0, left: 0, width }];
  while (stack.length) {
    const box = stack.pop()!;
    all.push(box);
    let left = box.left;
    for (const child of box.flame.children) {
      const wide = box.flame.value_s > 0 ? (box.width * child.value_s) / box.flame.value_s : 0;
      if (wide >= NARROWEST) stack.push({ flame: child, depth: box.depth + 1, left, width: wide });
      left += wide;
    }
  }
  return all;
}

const inside = (box: Box, of: Box) => box.left >= of.left - 0.5 && box.left < of.left + of.width;

/** The box that an arrow leads to: the widest callee, the caller, or the next of the same depth. Without one, where it was. */
export function step(laid: Box[], from: Box, key: string): Box {
  const widest = (boxes: Box[]) => boxes.toSorted((a, b) => b.width - a.width)[0];
  const row = laid.filter((it) => it.depth === from.depth).toSorted((a, b) => a.left - b.left);
  switch (key) {
    case 'ArrowDown':
      return widest(laid.filter((it) => it.depth === from.depth + 1 && inside(it, from))) ?? from;
    case 'ArrowUp':
      return laid.find((it) => it.depth === from.depth - 1 && inside(from, it)) ?? from;
    case 'ArrowRight':
      return row[row.indexOf(from) + 1] ?? from;
    case 'ArrowLeft':
      return row[row.indexOf(from) - 1] ?? from;
    default:
      return from;
  }
}
