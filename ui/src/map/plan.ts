import type { Rect } from './camera';
import type { Topology } from './types';

/** World pixels between two rows and between two columns, at least. */
export const ROW = 84;
export const COLUMN = 160;
/** What a screen is like: layouts are stretched towards it. */
const SHAPE = 1.7;
const REGIONS_SHAPE = 2.8;
const GAP = 90;
const PAD = { x: 70, top: 78, bottom: 60 };

/** A region with its own copy of the service graph, or all there is where there is one region only. */
export interface Area extends Rect {
  /** Index into the topology's regions; -1 where no box is needed. */
  region: number;
  name: string;
  nodes: Int32Array;
  /** Which part of each node's instances is here. */
  shares: Float32Array;
}

/** Where everything stands in the world, as long as the topology stays. */
export interface Plan {
  topology: Topology;
  areas: Area[];
  /** Users who are in no region, left of all areas. */
  outside: { node: number; x: number; y: number; r: number }[];
  bounds: Rect;
  /** World pixels to a unit of the layout, across and down. */
  column: number;
  row: number;
  /** Where the layout begins, in its own units. */
  left: number;
  top: number;
}

export function planOf(topology: Topology): Plan {
  const many = topology.regions.length > 1;
  const inside = topology.nodes.flatMap((node, i) => (many && isOutside(topology, i) ? [] : [node]));
  const left = least(inside.map((node) => node.x));
  const top = least(inside.map((node) => node.y));
  const across = most(inside.map((node) => node.x)) - left;
  const down = most(inside.map((node) => node.y)) - top;
  const narrow = COLUMN / gap(inside.map((node) => node.x));
  // Layered layouts of many services are tall, those of few are flat: stretched, both fill a screen.
  const column = Math.min(narrow * 14, Math.max(narrow, (down * ROW * SHAPE) / Math.max(across, 1)));
  const row = Math.min(ROW * 1.8, Math.max(ROW, (across * column) / SHAPE / Math.max(down, 1)));
  const size = { w: across * column, h: down * row };
  const plan: Plan = { topology, areas: [], outside: [], bounds: { x: 0, y: 0, w: 0, h: 0 }, column, row, left, top };
  if (many) placeRegions(plan, size);
  else plan.areas.push({ x: 0, y: 0, ...size, region: -1, name: '', ...everyone(topology) });
  plan.bounds = bounds(plan);
  return plan;
}

/** Where a node stands in an area. */
export function placeIn(plan: Plan, area: Area, node: number): [number, number] {
  const { x, y } = plan.topology.nodes[node]!;
  const [dx, dy] = area.region < 0 ? [0, 0] : [PAD.x, PAD.top];
  return [area.x + dx + (x - plan.left) * plan.column, area.y + dy + (y - plan.top) * plan.row];
}

/** Which part of a node is in a region; users without places and single regions: all. */
export function shareIn(topology: Topology, node: number, region: number): number {
  const places = topology.nodes[node]!.zones;
  if (region < 0) return 1;
  let here = 0;
  let all = 0;
  for (const [zone, instances] of places) {
    // Users have places but no instances: each place counts alike.
    const weight = instances || (topology.nodes[node]!.kind === 'users' ? 1 : 0);
    all += weight;
    if (topology.zones[zone]?.region === region) here += weight;
  }
  return all > 0 ? here / all : 0;
}

function isOutside(topology: Topology, node: number): boolean {
  const { kind, zones } = topology.nodes[node]!;
  return kind === 'users' && zones.length === 0;
}

function everyone(topology: Topology): Pick<Area, 'nodes' | 'shares'> {
  const n = topology.nodes.length;
  return { nodes: Int32Array.from({ length: n }, (_, i) => i), shares: new Float32Array(n).fill(1) };
}

function placeRegions(plan: Plan, size: { w: number; h: number }): void {
  const { topology } = plan;
  const w = size.w + 2 * PAD.x;
  const h = size.h + PAD.top + PAD.bottom;
  const columns = bestColumns(topology.regions.length, w + GAP, h + GAP);
  const last = topology.regions.length;
  topology.regions.forEach((region, r) => {
    const row = Math.floor(r / columns);
    // A last row that is not full stands in the middle.
    const inRow = Math.min(columns, last - row * columns);
    const indent = ((columns - inRow) * (w + GAP)) / 2;
    const rect = { x: indent + (r % columns) * (w + GAP), y: row * (h + GAP), w, h };
    plan.areas.push({ ...rect, region: r, name: region.name, ...residents(topology, r) });
  });
  const outside = topology.nodes.map((_, i) => i).filter((i) => isOutside(topology, i));
  const middle = (Math.ceil(last / columns) * (h + GAP) - GAP) / 2;
  const r = Math.max(20, Math.min(w, h) * 0.12);
  const step = Math.max(ROW * 1.5, r * 4);
  outside.forEach((node, k) => {
    plan.outside.push({ node, x: -Math.max(COLUMN * 1.5, w * 0.35), y: middle + (k - (outside.length - 1) / 2) * step, r });
  });
}

/** So many beside each other that all together come nearest to the shape of what the numbers leave of a screen: names stand
 * below what they name, so rows need more room than columns. */
function bestColumns(regions: number, w: number, h: number): number {
  let best = 1;
  let distance = Infinity;
  for (let columns = 1; columns <= regions; columns++) {
    const shape = (columns * w) / (Math.ceil(regions / columns) * h);
    const off = Math.abs(Math.log(shape / REGIONS_SHAPE));
    if (off < distance) [best, distance] = [columns, off];
  }
  return best;
}

function residents(topology: Topology, region: number): Pick<Area, 'nodes' | 'shares'> {
  const nodes: number[] = [];
  const shares: number[] = [];
  topology.nodes.forEach((_, i) => {
    const share = shareIn(topology, i, region);
    if (share > 0) {
      nodes.push(i);
      shares.push(share);
    }
  });
  return { nodes: Int32Array.from(nodes), shares: Float32Array.from(shares) };
}

function bounds(plan: Plan): Rect {
  const xs = plan.areas.flatMap((a) => [a.x, a.x + a.w]).concat(plan.outside.map((o) => o.x));
  const ys = plan.areas.flatMap((a) => [a.y, a.y + a.h]).concat(plan.outside.map((o) => o.y));
  const [x, y] = [least(xs), least(ys)];
  return { x, y, w: most(xs) - x, h: most(ys) - y };
}

/** The least distance between columns: layouts leave some free. */
function gap(xs: number[]): number {
  const columns = [...new Set(xs)].sort((a, b) => a - b);
  const gaps = columns.slice(1).map((x, i) => x - columns[i]!).filter((one) => one >= 0.5);
  return gaps.length > 0 ? least(gaps) : 1;
}

function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity) || 0;
}

function most(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity) || 0;
}
