import { EDGE_WIDTH, NODE, NODE_WIDTH } from '../src/map/columns';
import type { Topology } from '../src/map/types';

/** Architectures and traffic that are made up, the same every time: enough to measure drawing and to look at. */

export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** A layered graph of so many services with so many calls, in so many regions. */
export function madeTopology(services: number, calls: number, regions: number, seed = 1): Topology {
  const next = random(seed);
  const layers = Math.min(14, Math.max(3, Math.round(2 + Math.log2(services))));
  const kinds = ['gateway', 'page', 'cart', 'search', 'user', 'order', 'price', 'stock', 'mail', 'play', 'rating', 'geo'];
  const zones = Array.from({ length: regions * 3 }, (_, z) => ({ name: 'abc'[z % 3]!, region: Math.floor(z / 3) }));
  const nodes: Topology['nodes'] = [];
  const add = (kind: 'users' | 'service', name: string, layer: number, instances: number, store: boolean): void => {
    const here = kind === 'users' ? [] : zones.map((_, z): [number, number] => [z, Math.max(1, Math.round(instances / zones.length))]);
    const all = here.reduce((sum, [, n]) => sum + n, 0);
    nodes.push({ kind, name, instances: all, zones: here, layer, x: 0, y: 0, cores: 2, workers: 64, queue: null, store });
  };
  add('users', 'users', 0, 0, false);
  for (let i = 0; i < services; i++) {
    const layer = 1 + Math.floor(Math.pow(i / services, 0.8) * layers);
    const store = layer === layers;
    const kind = store ? (i % 3 ? 'store' : 'cache') : kinds[(i * 7) % kinds.length]!;
    add('service', `${kind}-${i}`, layer, 1 + Math.floor(Math.pow(next(), 3) * 60), store);
  }
  place(nodes, layers);
  return { name: `made ${services}`, regions: zones.filter((_, z) => z % 3 === 0).map((_, r) => ({ name: `region-${r + 1}`, zones: [3 * r, 3 * r + 1, 3 * r + 2] })), zones, nodes, edges: madeEdges(nodes, calls, next), ...extent(nodes) };
}

/** Columns by layer; a long layer takes several columns side by side. */
export function place(nodes: Topology['nodes'], layers: number): void {
  const longest = Math.max(8, Math.ceil(Math.sqrt(nodes.length * 0.9)));
  let x = 0;
  for (let layer = 0; layer <= layers; layer++) {
    const here = nodes.filter((node) => node.layer === layer);
    const columns = Math.max(1, Math.ceil(here.length / longest));
    const rows = Math.ceil(here.length / columns);
    here.forEach((node, i) => {
      node.x = x + Math.floor(i / rows);
      node.y = (i % rows) - (Math.min(rows, here.length) - 1) / 2 + (Math.floor(i / rows) % 2) * 0.5;
    });
    x += here.length > 0 ? columns : 0;
  }
}

export function extent(nodes: Topology['nodes']): { width: number; height: number } {
  const ys = nodes.map((node) => node.y);
  return { width: Math.max(...nodes.map((node) => node.x)), height: Math.max(...ys) - Math.min(...ys) };
}

function madeEdges(nodes: Topology['nodes'], calls: number, next: () => number): Topology['edges'] {
  const seen = new Set<string>();
  const edges: Topology['edges'] = [];
  const add = (from: number, to: number): void => {
    const key = `${from} ${to}`;
    if (seen.has(key)) return;
    seen.add(key);
    edges.push({ from, to, calls: [], awaited: true, timeout: 'none', retry: 'none', breaker: 'none' });
  };
  const byLayer = new Map<number, number[]>();
  nodes.forEach(({ layer }, i) => byLayer.set(layer, [...(byLayer.get(layer) ?? []), i]));
  const pickOf = (list: number[]): number => list[Math.floor(Math.pow(next(), 1.6) * list.length)]!;
  nodes.forEach((node, i) => {
    const before = byLayer.get(node.layer - 1);
    if (before) add(pickOf(before), i);
  });
  for (let tries = 0; edges.length < calls && tries < calls * 20; tries++) {
    const from = Math.floor(next() * nodes.length);
    const ahead = nodes[from]!.layer + 1 + Math.floor(next() * 3);
    const list = byLayer.get(ahead);
    if (list && from > 0) add(from, pickOf(list));
  }
  return edges;
}

/** Columns of a frame at a moment: steady traffic that breathes, with one place in trouble. */
export function madeTraffic(topology: Topology, time: number, ill: number): { nodes: Float32Array; edges: Float32Array } {
  const [n, e] = [topology.nodes.length, topology.edges.length];
  const nodes = new Float32Array(n * NODE_WIDTH).fill(NaN);
  const edges = new Float32Array(e * EDGE_WIDTH).fill(NaN);
  const out = topology.nodes.map(() => 0);
  for (const edge of topology.edges) out[edge.from]!++;
  const rate = new Float64Array(n);
  topology.nodes.forEach((node, i) => { if (node.kind === 'users') rate[i] = 4000 * (1 + 0.2 * Math.sin(time / 5)); });
  const order = topology.edges.map((_, k) => k).sort((a, b) => topology.nodes[topology.edges[a]!.from]!.layer - topology.nodes[topology.edges[b]!.from]!.layer);
  const wave = (i: number): number => 0.5 + 0.5 * Math.sin(i * 12.9898 + time * (0.1 + (i % 7) * 0.02));
  for (const k of order) {
    const { from, to } = topology.edges[k]!;
    const part = from === to ? 0.2 : 1.35 / Math.max(1, out[from]!);
    const flow = rate[from]! * part * (0.6 + 0.8 * wave(k));
    if (from !== to) rate[to]! += flow;
    const err = to === ill ? 0.22 : k % 41 === 7 ? 0.02 : 0;
    const p50 = 0.002 * Math.pow(10, 2 * wave(k * 3 + 1) - 0.6) * (to === ill ? 8 * Math.min(1, time / 3) + 1 : 1);
    const row = [flow, flow * (1 - err), flow * err, to === ill ? flow * 0.15 : 0, 0, p50, p50 * 6];
    row.forEach((value, column) => { edges[column * e + k] = value; });
  }
  topology.nodes.forEach((node, i) => {
    const bad = i === ill ? 0.22 : 0;
    const users = node.kind === 'users';
    const util = i === ill ? 0.98 : 0.15 + 0.68 * wave(i);
    const queue = i === ill ? 340 : util > 0.75 ? 12 * wave(i * 5) : 0;
    const up = i === ill ? Math.ceil(node.instances * 0.7) : node.instances;
    const set = (column: number, value: number): void => { nodes[column * n + i] = value; };
    set(NODE.rate, rate[i]!);
    set(NODE.ok, rate[i]! * (1 - bad));
    set(NODE.errors, rate[i]! * bad);
    set(NODE.refused, 0);
    set(NODE.p50, 0.004);
    set(NODE.p99, i === ill ? 1.3 : 0.06);
    if (users) return;
    set(NODE.utilization, util);
    set(NODE.queue, queue);
    set(NODE.inFlight, queue + 5);
    set(NODE.up, up);
    set(NODE.wanted, node.instances);
  });
  return { nodes, edges };
}
