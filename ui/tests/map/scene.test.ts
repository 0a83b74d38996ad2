import { describe, expect, it } from 'vitest';
import { bend, distanceTo, pointOn } from '../../src/map/curve';
import { detailsFor } from '../../src/map/details';
import { focusScene, honeycomb } from '../../src/map/focus';
import { groupNodes, stem } from '../../src/map/grouping';
import { pathOfLink, pathThrough } from '../../src/map/paths';
import { pick } from '../../src/map/pick';
import { placeIn, planOf } from '../../src/map/plan';
import { boundsOf, buildScene, spread } from '../../src/map/scene';
import { step } from '../../src/map/steps';
import { madeTopology } from '../../bench/made';
import { topologyOf } from './topology';

const shown = (): boolean => false;
const shop = topologyOf(
  [{ name: 'users', kind: 'users', zones: [], instances: 0 }, { name: 'web' }, { name: 'cart', y: 1 }, { name: 'stock', x: 2, y: -1 }, { name: 'db', store: true }],
  [[0, 1], [1, 2], [1, 3], [2, 4], [3, 4], [4, 4]],
);

describe('a scene', () => {
  it('has every service once where there is one region, and no box', () => {
    const scene = buildScene(planOf(shop), ['open'], shown);
    expect(scene.items.map(({ label }) => label)).toEqual(['users', 'web', 'cart', 'stock', 'db']);
    expect(scene.items.map(({ kind }) => kind)).toEqual(['users', 'service', 'service', 'service', 'store']);
    expect(scene.links).toHaveLength(6);
    expect(scene.boxes).toEqual([]);
  });

  it('has a copy in each region, whose shares add up, and calls stay in their region', () => {
    const topology = topologyOf(
      [{ name: 'users', kind: 'users', zones: [] }, { name: 'web', instances: 4, zones: [[0, 3], [1, 1]] }, { name: 'db', instances: 2, zones: [[1, 2]] }],
      [[0, 1], [1, 2]], ['east', 'west'],
    );
    const { items, links, boxes } = buildScene(planOf(topology), ['open', 'open'], shown);
    expect(boxes.map(({ label }) => label)).toEqual(['east', 'west']);
    const web = items.filter(({ label }) => label === 'web');
    expect(web.map(({ shares }) => shares[0])).toEqual([0.75, 0.25]);
    // East has no db: its calls cross to the west.
    const named = links.map(({ from, to, shares }) => [items[from]!.label, items[from]!.region, items[to]!.region, shares[0]]);
    expect(named).toEqual([['users', -1, 0, 0.75], ['users', -1, 1, 0.25], ['web', 0, 1, 0.75], ['web', 1, 1, 0.25]]);
  });

  it('draws closed regions as one, with the links between them', () => {
    const topology = topologyOf([{ name: 'a', zones: [[0, 1]] }, { name: 'b', zones: [[0, 1]] }, { name: 'c', zones: [[1, 1]] }], [[0, 1], [1, 2]], ['east', 'west']);
    const scene = buildScene(planOf(topology), ['closed', 'closed'], shown);
    expect(scene.items.map(({ kind, label }) => [kind, label])).toEqual([['region', 'east'], ['region', 'west']]);
    expect(scene.links.map(({ from, to }) => [from, to])).toEqual([[0, 1]]);
    expect(scene.depth).toBe('world');
  });

  it('leaves out what is hidden, with its links', () => {
    const scene = buildScene(planOf(shop), ['open'], (node) => node === 4);
    expect(scene.items).toHaveLength(4);
    expect(scene.links).toHaveLength(3);
  });

  it('stands apart, whatever the layout', () => {
    const plan = planOf(madeTopology(300, 700, 1));
    const { items } = buildScene(plan, ['open'], shown);
    for (const a of items) for (const b of items) if (a !== b) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.r + b.r);
  });

  it('copes with 2,000 services and 10,000 calls within its budget', () => {
    const topology = madeTopology(2000, 10_000, 1);
    const plan = planOf(topology);
    const size = { width: 1280, height: 720 };
    const zoom = Math.min(size.width / plan.bounds.w, size.height / plan.bounds.h);
    expect(detailsFor(plan, { x: 0, y: 0, zoom }, size, 'auto', 300, [])).toEqual(['groups']);
    const scene = buildScene(plan, ['groups'], shown);
    expect(scene.items.length).toBeLessThanOrEqual(100);
    expect(new Set(scene.items.flatMap(({ nodes }) => [...nodes])).size).toBe(2001);
    expect(detailsFor(plan, { x: 0, y: 0, zoom: zoom * 4 }, size, 'auto', 300, [])).toEqual(['open']);
  });
});

describe('what is drawn from how near', () => {
  const plan = planOf(madeTopology(1000, 2000, 1));
  const size = { width: 1280, height: 720 };
  const at = (zoom: number, x: number, before: ('open' | 'groups')[]): string[] => detailsFor(plan, { x, y: 0, zoom }, size, 'auto', 300, before);

  it('does not depend on where one looks', () => {
    for (const zoom of [0.1, 0.3, 0.5, 1]) expect(at(zoom, 0, [])).toEqual(at(zoom, 5000, []));
  });

  it('changes at another zoom inwards than outwards', () => {
    const zooms = Array.from({ length: 400 }, (_, i) => 0.1 * Math.pow(1.01, i));
    const opens = zooms.find((zoom) => at(zoom, 0, ['groups'])[0] === 'open')!;
    const closes = zooms.find((zoom) => at(zoom, 0, ['open'])[0] === 'open')!;
    expect(closes).toBeLessThan(opens);
  });
});

describe('groups', () => {
  const grid = (name: (i: number) => string, n: number): ReturnType<typeof topologyOf> =>
    topologyOf(Array.from({ length: n }, (_, i) => ({ name: name(i), layer: i % 10, x: i % 10, y: Math.floor(i / 10) })), []);

  it('are by the beginnings of names where these stand together', () => {
    const topology = grid((i) => `${'abcdefghijklmnopqrst'[Math.floor(i / 20)]}${'team'}-${i}`, 400);
    const groups = groupNodes(topology, Array.from({ length: 400 }, (_, i) => i));
    expect(groups).toHaveLength(20);
    expect(groups[0]!.label).toBe('ateam…');
  });

  it('are neighbours of a layer where names say nothing', () => {
    const topology = grid((i) => `service-${i}`, 400);
    const groups = groupNodes(topology, Array.from({ length: 400 }, (_, i) => i));
    for (const { nodes } of groups) expect(new Set(nodes.map((i) => topology.nodes[i]!.layer)).size).toBe(1);
    expect(groups.flatMap(({ nodes }) => nodes).sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i));
    expect(groups.length).toBeLessThanOrEqual(80);
  });

  it('never hold users', () => {
    const groups = groupNodes(madeTopology(500, 900, 1), Array.from({ length: 501 }, (_, i) => i));
    expect(groups.find(({ nodes }) => nodes.includes(0))!.nodes).toEqual([0]);
  });

  it('knows a stem', () => {
    expect(['playlists-3-v1', 'cart', 'db2', 'a/b'].map(stem)).toEqual(['playlists', 'cart', 'db', 'a']);
  });

  it('are spread until none overlap, inside their area', () => {
    const items = Array.from({ length: 12 }, () => ({ x: 50, y: 50 }));
    const area = { x: 0, y: 0, w: 400, h: 400 };
    spread(items, area, 40);
    for (const a of items) {
      expect(a.x >= 0 && a.x <= 400 && a.y >= 0 && a.y <= 400).toBe(true);
      for (const b of items) if (a !== b) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(36);
    }
  });
});

describe('a service from near', () => {
  const instances = Array.from({ length: 7 }, (_, number) => ({ number, zone: 'east/a', health: 'up', busy: 0.5, waiting: 0 }));

  it('has callers on the left, callees on the right, instances in its plate', () => {
    const scene = focusScene(planOf(shop), 1, { x: 0, y: 0 }, instances, () => 1);
    const x = (label: string): number => scene.items.find((item) => item.label === label)!.x;
    expect(x('users')).toBeLessThan(0);
    expect(x('cart')).toBeGreaterThan(0);
    expect(x('stock')).toBeGreaterThan(0);
    const plate = scene.boxes.find(({ kind }) => kind === 'plate')!;
    const inside = scene.items.filter(({ instance }) => instance);
    expect(inside).toHaveLength(7);
    for (const item of inside) expect(item.x - item.r >= plate.x && item.x + item.r <= plate.x + plate.w && item.y - item.r >= plate.y && item.y + item.r <= plate.y + plate.h).toBe(true);
  });

  it('shows the busiest of many callers and the rest as one', () => {
    const hub = topologyOf([{ name: 'hub' }, ...Array.from({ length: 40 }, (_, i) => ({ name: `s${i}`, y: i }))], Array.from({ length: 40 }, (_, i): [number, number] => [i + 1, 0]));
    const scene = focusScene(planOf(hub), 0, { x: 0, y: 0 }, [], (edge) => edge);
    const labels = scene.items.map(({ label }) => label);
    expect(labels).toContain('s39');
    expect(labels).not.toContain('s3');
    expect(labels).toContain('29 more');
    expect(scene.links.flatMap(({ edges }) => [...edges])).toHaveLength(40);
  });

  it('packs instances as bees do', () => {
    for (const n of [1, 2, 9, 50, 2000]) {
      const { cells, w, h } = honeycomb(n);
      expect(cells).toHaveLength(n);
      for (const [x, y] of cells) expect(x <= w && y <= h).toBe(true);
      if (n <= 50) for (const a of cells) for (const b of cells) if (a !== b) expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeGreaterThan(0.99);
    }
  });
});

describe('pointing', () => {
  const scene = buildScene(planOf(shop), ['open'], shown);
  const hit = (x: number, y: number): unknown => pick(scene.items, scene.links, scene.boxes, x, y, 6);

  it('finds nodes, then links, then nothing', () => {
    const web = scene.items[1]!;
    expect(hit(web.x + 3, web.y)).toEqual({ kind: 'item', index: 1 });
    expect(hit(web.x, web.y + web.r + 4)).toEqual({ kind: 'item', index: 1 });
    const [x, y] = pointOn(scene.items[0]!, web, 0.5);
    expect(hit(x, y + 2)).toEqual({ kind: 'link', index: 0 });
    expect(hit(-1000, -1000)).toBeNull();
  });

  it('finds the loop of a call to itself', () => {
    const db = scene.items[4]!;
    expect(bend(db, db)).toBeLessThan(0);
    const [x, y] = pointOn(db, db, 0.5);
    expect(y).toBeLessThan(db.y - db.r);
    expect(hit(x, y)).toEqual({ kind: 'link', index: 5 });
  });

  it('measures how far a curve is', () => {
    const [a, b] = [{ x: 0, y: 0, r: 5 }, { x: 300, y: 0, r: 5 }];
    expect(distanceTo(a, b, 150, 40)).toBeCloseTo(40, 0);
    expect(pointOn(a, b, 0)).toEqual([0, 0]);
    expect(pointOn(a, b, 1)).toEqual([300, 0]);
  });
});

describe('paths and steps', () => {
  const scene = buildScene(planOf(shop), ['open'], shown);

  it('leads up- and downstream, not aside', () => {
    expect([...pathThrough(scene.links, 2).items].sort()).toEqual([0, 1, 2, 4]);
    expect([...pathThrough(scene.links, 4).items].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...pathOfLink(scene.links, 2).items].sort()).toEqual([0, 1, 3, 4]);
  });

  it('walks along calls with arrow keys', () => {
    const walk = (from: number, arrow: Parameters<typeof step>[3]): number => step(scene.items, scene.links, from, arrow, () => true);
    expect(walk(0, 'ArrowRight')).toBe(1);
    expect(walk(1, 'ArrowLeft')).toBe(0);
    expect([2, 3]).toContain(walk(1, 'ArrowRight'));
    expect(walk(2, 'ArrowUp')).not.toBe(2);
    expect(walk(0, 'ArrowLeft')).toBe(0);
  });
});

it('a plan shows all within its bounds', () => {
  const plan = planOf(madeTopology(60, 120, 5));
  const { items, boxes } = buildScene(plan, plan.areas.map(() => 'open'), shown);
  const all = boundsOf([], boxes);
  expect(plan.bounds.w).toBeGreaterThanOrEqual(all.w);
  for (const { x, y } of items.filter(({ region }) => region >= 0)) expect(x > all.x && x < all.x + all.w && y > all.y && y < all.y + all.h).toBe(true);
  const boxesApart = boxes.every((a) => boxes.every((b) => a === b || a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y));
  expect(boxesApart).toBe(true);
  expect(placeIn(plan, plan.areas[1]!, 5)[0]).toBeGreaterThan(plan.areas[1]!.x);
});
