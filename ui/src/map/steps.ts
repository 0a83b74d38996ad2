import type { End } from './curve';
import type { Link } from './scene';

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/**
 * Where an arrow key leads from an item: right to what it calls, left to who calls it (of several the most level one), up
 * and down to the nearest above and below.
 */
export function step(items: readonly End[], links: readonly Link[], from: number, arrow: Arrow, allowed: (item: number) => boolean): number {
  const here = items[from]!;
  const along = arrow === 'ArrowRight' || arrow === 'ArrowLeft';
  const neighbours = !along ? [] : links.flatMap((link) => {
    const [near, far] = arrow === 'ArrowRight' ? [link.from, link.to] : [link.to, link.from];
    return near === from && far !== from && allowed(far) ? [far] : [];
  });
  if (neighbours.length > 0) return least(neighbours, (i) => Math.abs(items[i]!.y - here.y) + Math.abs(items[i]!.x - here.x) * 0.01);
  const beyond = items.map((_, i) => i).filter((i) => i !== from && allowed(i) && ahead(here, items[i]!, arrow));
  return beyond.length > 0 ? least(beyond, (i) => cost(here, items[i]!, along)) : from;
}

function ahead(here: End, there: End, arrow: Arrow): boolean {
  const [dx, dy] = [there.x - here.x, there.y - here.y];
  if (arrow === 'ArrowRight') return dx > 1 && dx >= Math.abs(dy) * 0.5;
  if (arrow === 'ArrowLeft') return dx < -1 && -dx >= Math.abs(dy) * 0.5;
  return arrow === 'ArrowDown' ? dy > 1 : dy < -1;
}

function cost(here: End, there: End, along: boolean): number {
  const [dx, dy] = [Math.abs(there.x - here.x), Math.abs(there.y - here.y)];
  return along ? dx + 3 * dy : dy + 3 * dx;
}

function least(candidates: number[], of: (i: number) => number): number {
  return candidates.reduce((best, i) => (of(i) < of(best) ? i : best));
}
