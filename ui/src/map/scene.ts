import type { Rect } from './camera';
import { groupNodes } from './grouping';
import { placeIn, ROW, type Area, type Plan } from './plan';
import type { Depth, Instance } from './types';

export type ItemKind = 'users' | 'service' | 'store' | 'group' | 'region' | 'instance';

/** Something drawn as one node: a service's copy in a region, or many taken together. */
export interface Item {
  key: string;
  kind: ItemKind;
  label: string;
  /** The topology's nodes it stands for, and which part of each. */
  nodes: Int32Array;
  shares: Float32Array;
  x: number;
  y: number;
  r: number;
  instances: number;
  /** Index of a region, -1 where there is one only. */
  region: number;
  instance?: Instance;
}

/** Calls between two items. */
export interface Link {
  from: number;
  to: number;
  edges: Int32Array;
  shares: Float32Array;
  /** One of so many at a hub that only its ends are drawn. */
  stub: boolean;
}

export interface Box extends Rect {
  kind: 'region' | 'plate' | 'zone';
  label: string;
  note: string;
}

export interface Scene {
  depth: Depth;
  items: Item[];
  links: Link[];
  boxes: Box[];
  bounds: Rect;
  /** The service whose inside is shown. */
  focus: number | null;
}

/** How an area is drawn: as one node, as groups, or service by service. */
export type Detail = 'closed' | 'groups' | 'open';

/** Nodes with more neighbours than this are hubs, where there are many links altogether. */
const HUB = 40;
const CROWD = 260;

export function radius(instances: number): number {
  return Math.min(32, 16 + 4 * Math.log10(Math.max(1, instances)));
}

export function buildScene(plan: Plan, details: readonly Detail[], hidden: (node: number) => boolean): Scene {
  const items: Item[] = [];
  const boxes: Box[] = [];
  const copies = new Copies(plan.topology.nodes.length, plan.areas.length);
  for (const { node, x, y, r } of plan.outside)
    if (!hidden(node)) copies.setOutside(node, items.push({ ...single(plan, node, 1, -1, x, y), r }) - 1);
  plan.areas.forEach((area, a) => {
    if (area.region >= 0) boxes.push(boxOf(plan, area));
    for (const { item, nodes } of itemsOf(plan, area, details[a] ?? 'open', hidden)) {
      const index = items.push(item) - 1;
      for (const node of nodes) copies.set(node, a, index);
    }
  });
  const links = linksOf(plan, items, copies);
  const depth = details.some((d) => d === 'open') ? 'region' : 'world';
  return { depth, items, links, boxes, bounds: plan.bounds, focus: null };
}

function boxOf(plan: Plan, area: Area): Box {
  const zones = plan.topology.regions[area.region]!.zones.length;
  const note = `${zones} zone${zones === 1 ? '' : 's'}`;
  return { x: area.x, y: area.y, w: area.w, h: area.h, kind: 'region', label: area.name, note };
}

type Placed = { item: Item; nodes: number[] };

function itemsOf(plan: Plan, area: Area, detail: Detail, hidden: (node: number) => boolean): Placed[] {
  const kept: number[] = [];
  const shares = new Map<number, number>();
  area.nodes.forEach((node, k) => {
    if (hidden(node)) return;
    kept.push(node);
    shares.set(node, area.shares[k]!);
  });
  if (detail === 'closed') return kept.length > 0 ? [regionItem(plan, area, kept, shares)] : [];
  if (detail === 'groups') return groupItems(plan, area, kept, shares);
  return kept.map((node) => {
    const [x, y] = placeIn(plan, area, node);
    return { item: single(plan, node, shares.get(node)!, area.region, x, y), nodes: [node] };
  });
}

function single(plan: Plan, node: number, share: number, region: number, x: number, y: number): Item {
  const { kind, store, name, instances } = plan.topology.nodes[node]!;
  const here = Math.round(instances * share);
  return {
    key: `${name}@${region}`,
    kind: kind === 'users' ? 'users' : store ? 'store' : 'service',
    label: name,
    nodes: Int32Array.of(node),
    shares: Float32Array.of(share),
    x,
    y,
    r: kind === 'users' ? 20 : radius(here),
    instances: here,
    region,
  };
}

function many(plan: Plan, nodes: number[], shares: Map<number, number>): Pick<Item, 'nodes' | 'shares' | 'instances'> {
  const parts = Float32Array.from(nodes, (node) => shares.get(node) ?? 1);
  const instances = nodes.reduce((sum, node, k) => sum + plan.topology.nodes[node]!.instances * parts[k]!, 0);
  return { nodes: Int32Array.from(nodes), shares: parts, instances: Math.round(instances) };
}

function regionItem(plan: Plan, area: Area, nodes: number[], shares: Map<number, number>): Placed {
  const item: Item = {
    key: `region ${area.name}`,
    kind: 'region',
    label: area.name,
    ...many(plan, nodes, shares),
    x: area.x + area.w / 2,
    y: area.y + area.h / 2,
    r: Math.min(area.w, area.h) * 0.26,
    region: area.region,
  };
  return { item, nodes };
}

function groupItems(plan: Plan, area: Area, nodes: number[], shares: Map<number, number>): Placed[] {
  const groups = groupNodes(plan.topology, nodes);
  const r = Math.sqrt((area.w * area.h) / Math.max(groups.length, 1)) * 0.17;
  const placed = groups.map(({ label, nodes: members }): Placed => {
    const places = members.map((node) => placeIn(plan, area, node));
    const x = places.reduce((sum, p) => sum + p[0], 0) / members.length;
    const y = places.reduce((sum, p) => sum + p[1], 0) / members.length;
    const alone = members.length === 1 ? single(plan, members[0]!, shares.get(members[0]!) ?? 1, area.region, x, y) : null;
    const item: Item = alone ?? {
      key: `group ${label}@${area.region}`,
      kind: 'group',
      label: `${label} (${members.length})`,
      ...many(plan, members, shares),
      x,
      y,
      r: 0,
      region: area.region,
    };
    item.r = r * Math.min(1, 0.5 + 0.16 * Math.log10(Math.max(1, item.instances)));
    return { item, nodes: members };
  });
  spread(placed.map((p) => p.item), area, r * 2.6);
  return placed;
}

/** Moves what overlaps apart, a little at a time, and nothing out of the area. */
export function spread(items: Pick<Item, 'x' | 'y'>[], area: Rect, apart: number): void {
  for (let round = 0; round < 150; round++) {
    let moved = false;
    for (let a = 0; a < items.length; a++)
      for (let b = a + 1; b < items.length; b++) moved = push(items[a]!, items[b]!, apart, a - b) || moved;
    for (const item of items) {
      item.x = Math.min(area.x + area.w, Math.max(area.x, item.x));
      item.y = Math.min(area.y + area.h, Math.max(area.y, item.y));
    }
    if (!moved) return;
  }
}

function push(a: Pick<Item, 'x' | 'y'>, b: Pick<Item, 'x' | 'y'>, apart: number, tie: number): boolean {
  // What stands at the same place must part in some direction, and not all along one line.
  const dx = b.x - a.x || (tie % 3) * 0.01;
  const dy = b.y - a.y || tie * 0.01;
  const distance = Math.hypot(dx, dy);
  if (distance >= apart) return false;
  const step = (apart - distance) / 2 / distance;
  a.x -= dx * step * 0.3;
  b.x += dx * step * 0.3;
  a.y -= dy * step;
  b.y += dy * step;
  return true;
}

/** Which item stands for a node in an area. */
class Copies {
  private readonly inside: Int32Array;
  private readonly outside: Int32Array;
  constructor(nodes: number, readonly areas: number) {
    this.inside = new Int32Array(nodes * areas).fill(-1);
    this.outside = new Int32Array(nodes).fill(-1);
  }
  set(node: number, area: number, item: number): void {
    this.inside[node * this.areas + area] = item;
  }
  setOutside(node: number, item: number): void {
    this.outside[node] = item;
  }
  get(node: number, area: number): number {
    return this.inside[node * this.areas + area]!;
  }
  /** Every item that stands for a node, with its area (-1: outside). */
  of(node: number): [area: number, item: number][] {
    const found: [number, number][] = [];
    if (this.outside[node]! >= 0) found.push([-1, this.outside[node]!]);
    for (let area = 0; area < this.areas; area++) if (this.get(node, area) >= 0) found.push([area, this.get(node, area)]);
    return found;
  }
}

/** Callers call in their own region where the callee is there, else everywhere it is. */
function linksOf(plan: Plan, items: Item[], copies: Copies): Link[] {
  const found = new Map<number, { from: number; to: number; edges: number[]; shares: number[] }>();
  const add = (from: number, to: number, edge: number, share: number): void => {
    if (from === to && items[from]!.nodes.length > 1) return;
    const key = from * items.length + to;
    let link = found.get(key);
    if (!link) found.set(key, (link = { from, to, edges: [], shares: [] }));
    link.edges.push(edge);
    link.shares.push(share);
  };
  const share = (node: number, item: number): number => items[item]!.shares[items[item]!.nodes.indexOf(node)] ?? 1;
  plan.topology.edges.forEach((edge, e) => {
    const callees = copies.of(edge.to);
    for (const [area, from] of copies.of(edge.from)) {
      const part = share(edge.from, from);
      const near = area < 0 ? -1 : copies.get(edge.to, area);
      if (near >= 0) add(from, near, e, part);
      else for (const [, to] of callees) add(from, to, e, part * share(edge.to, to));
    }
  });
  const links = [...found.values()].map(
    ({ from, to, edges, shares }): Link => ({
      from, to, edges: Int32Array.from(edges), shares: Float32Array.from(shares), stub: false,
    }),
  );
  if (links.length > CROWD) markStubs(items.length, links);
  return links;
}

function markStubs(items: number, links: Link[]): void {
  const degree = new Int32Array(items);
  for (const { from, to } of links) {
    degree[from]!++;
    degree[to]!++;
  }
  for (const link of links) link.stub = degree[link.from]! > HUB || degree[link.to]! > HUB;
}

export function boundsOf(items: readonly Item[], boxes: readonly Rect[]): Rect {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, r } of items) {
    [x0, y0] = [Math.min(x0, x - r), Math.min(y0, y - r)];
    [x1, y1] = [Math.max(x1, x + r), Math.max(y1, y + r)];
  }
  for (const { x, y, w, h } of boxes) {
    [x0, y0] = [Math.min(x0, x), Math.min(y0, y)];
    [x1, y1] = [Math.max(x1, x + w), Math.max(y1, y + h)];
  }
  return Number.isFinite(x0) ? { x: x0, y: y0, w: x1 - x0, h: y1 - y0 } : { x: 0, y: 0, w: ROW, h: ROW };
}
