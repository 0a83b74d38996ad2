import { boundsOf, radius, type Box, type Item, type Link, type Scene } from './scene';
import type { Plan } from './plan';
import type { Instance, Topology } from './types';

/** The inside of a service is drawn small, into the place where the service stands. */
const SIDE = 190;
const STEP = 27;
const NEIGHBOURS = 12;
const PLATE = { w: 230, h: 150, least: 46 };

/** One service from near: its instances by zone, callers on the left, callees on the right. */
export function focusScene(
  plan: Plan, node: number, at: { x: number; y: number }, instances: readonly Instance[], weight: (edge: number) => number,
): Scene {
  const { topology } = plan;
  const items: Item[] = [];
  const links: Link[] = [];
  const inside = plateOf(topology, node, at, instances);
  const centre = items.push({ ...itemOf(topology, [node]), x: at.x, y: at.y, r: inside.plate.w / 2 }) - 1;
  items.push(...inside.items);
  for (const side of [-1, 1] as const) {
    const column = neighbours(topology, node, side, weight);
    column.forEach((group, k) => {
      const x = at.x + side * (SIDE / 2 + inside.plate.w / 2);
      const y = at.y + (k - (column.length - 1) / 2) * STEP;
      const index = items.push({ ...itemOf(topology, group.nodes), x, y }) - 1;
      const [from, to] = side < 0 ? [index, centre] : [centre, index];
      links.push({ from, to, edges: Int32Array.from(group.edges), shares: ones(group.edges.length), stub: false });
    });
  }
  const self = topology.edges.findIndex((edge) => edge.from === node && edge.to === node);
  if (self >= 0) links.push({ from: centre, to: centre, edges: Int32Array.of(self), shares: ones(1), stub: false });
  const boxes = [inside.plate, ...inside.zones];
  return { depth: 'service', items, links, boxes, bounds: boundsOf(items, boxes), focus: node };
}

function ones(n: number): Float32Array {
  return new Float32Array(n).fill(1);
}

interface Neighbour {
  nodes: number[];
  edges: number[];
}

/** Who calls the node (-1) or is called by it (1), from top to bottom; of too many the busiest, the rest as one. */
function neighbours(topology: Topology, node: number, side: -1 | 1, weight: (edge: number) => number): Neighbour[] {
  const found: { node: number; edge: number }[] = [];
  topology.edges.forEach((edge, e) => {
    const [here, there] = side < 0 ? [edge.to, edge.from] : [edge.from, edge.to];
    if (here === node && there !== node) found.push({ node: there, edge: e });
  });
  const busiest = [...found].sort((a, b) => weight(b.edge) - weight(a.edge));
  const shown = new Set(found.length > NEIGHBOURS ? busiest.slice(0, NEIGHBOURS - 1) : found);
  const rest = found.filter((one) => !shown.has(one));
  const column = found.filter((one) => shown.has(one)).map((one) => ({ nodes: [one.node], edges: [one.edge] }));
  column.sort((a, b) => topology.nodes[a.nodes[0]!]!.y - topology.nodes[b.nodes[0]!]!.y);
  if (rest.length > 0) column.push({ nodes: rest.map((one) => one.node), edges: rest.map((one) => one.edge) });
  return column;
}

function itemOf(topology: Topology, nodes: number[]): Item {
  const first = topology.nodes[nodes[0]!]!;
  const instances = nodes.reduce((sum, i) => sum + topology.nodes[i]!.instances, 0);
  const alone = nodes.length === 1;
  return {
    key: alone ? `${first.name}@-1` : `${nodes.length} more`,
    kind: !alone ? 'group' : first.kind === 'users' ? 'users' : first.store ? 'store' : 'service',
    label: alone ? first.name : `${nodes.length} more`,
    nodes: Int32Array.from(nodes),
    shares: ones(nodes.length),
    x: 0,
    y: 0,
    r: radius(instances) * 0.42,
    instances,
    region: -1,
  };
}

interface Plate {
  plate: Box;
  zones: Box[];
  items: Item[];
}

function plateOf(topology: Topology, node: number, at: { x: number; y: number }, instances: readonly Instance[]): Plate {
  const clusters = byZone(instances);
  const blocks = clusters.map(({ list }) => honeycomb(list.length));
  const columns = clusters.length <= 4 ? Math.max(1, clusters.length) : Math.ceil(Math.sqrt(clusters.length * 1.6));
  const w = Math.max(1, ...blocks.map((b) => b.w)) + 1;
  const h = Math.max(1, ...blocks.map((b) => b.h)) + 1.4;
  const rows = Math.max(1, Math.ceil(clusters.length / columns));
  const cell = Math.min(15, PLATE.w / (columns * w), PLATE.h / (rows * h));
  const size = { w: Math.max(PLATE.least, columns * w * cell), h: Math.max(PLATE.least, rows * h * cell) };
  const left = at.x - (columns * w * cell) / 2;
  const top = at.y - (rows * h * cell) / 2;
  const { name } = topology.nodes[node]!;
  const plate: Plate = {
    plate: { x: at.x - size.w / 2 - 8, y: at.y - size.h / 2 - 8, w: size.w + 16, h: size.h + 16, kind: 'plate', label: name, note: '' },
    zones: [],
    items: [],
  };
  clusters.forEach(({ zone, list }, k) => {
    const x = left + (k % columns) * w * cell;
    const y = top + Math.floor(k / columns) * h * cell;
    plate.zones.push({ x, y, w: w * cell - 2, h: h * cell - 2, kind: 'zone', label: zone, note: `${list.length}` });
    blocks[k]!.cells.forEach(([cx, cy], i) => {
      plate.items.push(instanceItem(name, list[i]!, node, x + (cx + 0.9) * cell, y + (cy + 1.2) * cell, cell * 0.4));
    });
  });
  return plate;
}

function instanceItem(service: string, instance: Instance, node: number, x: number, y: number, r: number): Item {
  return {
    key: `${service}#${instance.number}`,
    kind: 'instance',
    label: `${service} #${instance.number}`,
    nodes: Int32Array.of(node),
    shares: Float32Array.of(0),
    x, y, r,
    instances: 1,
    region: -1,
    instance,
  };
}

/** Places of n equal things, every other row half a step further, about as wide as high. */
export function honeycomb(n: number): { w: number; h: number; cells: [number, number][] } {
  const columns = Math.max(1, Math.ceil(Math.sqrt(n)));
  const cells = Array.from({ length: n }, (_, i): [number, number] => {
    const row = Math.floor(i / columns);
    return [(i % columns) + (row % 2) * 0.5, row * 0.87];
  });
  const rows = Math.max(1, Math.ceil(n / columns));
  return { w: columns + (rows > 1 ? 0.5 : 0), h: (rows - 1) * 0.87 + 1, cells };
}

function byZone(instances: readonly Instance[]): { zone: Instance['zone']; list: Instance[] }[] {
  const zones = new Map<Instance['zone'], Instance[]>();
  for (const instance of instances) {
    const list = zones.get(instance.zone);
    if (list) list.push(instance);
    else zones.set(instance.zone, [instance]);
  }
  return [...zones].map(([zone, list]) => ({ zone, list }));
}
