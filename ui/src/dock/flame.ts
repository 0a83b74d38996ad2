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
