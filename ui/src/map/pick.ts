import { distanceTo, type End } from './curve';
import type { Rect } from './camera';
import type { Box, Link } from './scene';

export type Hit = { kind: 'item' | 'link' | 'box'; index: number };

/** What lies under a point of the world: nodes before links before boxes; the later drawn wins. */
export function pick(
  items: readonly End[], links: readonly Link[], boxes: readonly Box[], x: number, y: number, slack: number,
): Hit | null {
  const item = nearestItem(items, x, y, slack);
  if (item >= 0) return { kind: 'item', index: item };
  const link = nearestLink(items, links, x, y, slack);
  if (link >= 0) return { kind: 'link', index: link };
  const box = boxes.findIndex((one) => one.kind === 'region' && inside(one, x, y));
  return box >= 0 ? { kind: 'box', index: box } : null;
}

/** Small nodes are hit from a little further away; of two the one whose rim is nearer. */
function nearestItem(items: readonly End[], x: number, y: number, slack: number): number {
  let [best, rim] = [-1, slack];
  items.forEach((item, i) => {
    const distance = Math.hypot(item.x - x, item.y - y) - item.r;
    // An instance lies upon its service's plate: the smaller of two that hold the point is meant.
    const score = distance <= 0 ? item.r * 1e-6 - 1 : distance;
    if (score < rim) [best, rim] = [i, score];
  });
  return best;
}

function nearestLink(items: readonly End[], links: readonly Link[], x: number, y: number, slack: number): number {
  let [best, nearest] = [-1, slack];
  links.forEach((link, l) => {
    const [from, to] = [items[link.from]!, items[link.to]!];
    if (link.stub || !near(from, to, x, y, slack)) return;
    const distance = distanceTo(from, to, x, y);
    if (distance < nearest) [best, nearest] = [l, distance];
  });
  return best;
}

/** Rules most links out before their curve is looked at; curves swing out at most so far. */
function near(from: End, to: End, x: number, y: number, slack: number): boolean {
  const out = 300 + slack;
  return (
    x > Math.min(from.x, to.x) - out && x < Math.max(from.x, to.x) + out &&
    y > Math.min(from.y, to.y) - 4 * from.r - slack && y < Math.max(from.y, to.y) + slack
  );
}

function inside(box: Rect, x: number, y: number): boolean {
  return x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h;
}
