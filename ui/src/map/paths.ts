import type { Link } from './scene';

export interface Path {
  items: Set<number>;
  links: Set<number>;
}

/** Everything from which the start is reached and everything that is reached from it. */
export function pathThrough(links: readonly Link[], start: number): Path {
  const path: Path = { items: new Set([start]), links: new Set() };
  follow(links, start, path, (link) => link.from, (link) => link.to);
  follow(links, start, path, (link) => link.to, (link) => link.from);
  return path;
}

/** A link's own two ends, and what leads to and from it. */
export function pathOfLink(links: readonly Link[], index: number): Path {
  const link = links[index]!;
  const path: Path = { items: new Set([link.from, link.to]), links: new Set([index]) };
  follow(links, link.to, path, (one) => one.from, (one) => one.to);
  follow(links, link.from, path, (one) => one.to, (one) => one.from);
  return path;
}

function follow(links: readonly Link[], start: number, path: Path, near: (l: Link) => number, far: (l: Link) => number): void {
  const at = new Map<number, number[]>();
  links.forEach((link, i) => {
    const list = at.get(near(link));
    if (list) list.push(i);
    else at.set(near(link), [i]);
  });
  const seen = new Set([start]);
  const open = [start];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    for (const i of at.get(item) ?? []) {
      path.links.add(i);
      const next = far(links[i]!);
      if (seen.has(next)) continue;
      seen.add(next);
      path.items.add(next);
      open.push(next);
    }
  }
}
