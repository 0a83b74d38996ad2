import type { Topology } from './types';

export interface Group {
  label: string;
  nodes: number[];
}

/** More groups than this are as hard to read as what they stand for. */
const MOST = 60;

/** What comes before the first number or hyphen: `playlists` of `playlists-3-v1`. */
export function stem(name: string): string {
  return /^[^-_.\d/]+/.exec(name)?.[0] ?? name;
}

/**
 * Puts services together: by the beginnings of their names where these tell something, else by layer, neighbours with
 * neighbours. Users are never hidden in a group.
 */
export function groupNodes(topology: Topology, nodes: ArrayLike<number>): Group[] {
  const all = Array.from(nodes);
  const users = all.filter((i) => topology.nodes[i]!.kind === 'users');
  const services = all.filter((i) => topology.nodes[i]!.kind !== 'users');
  const stems = byStem(topology, services);
  const groups = tells(stems, services.length) && areNear(topology, stems, services) ? stems : byLayer(topology, services);
  return [...users.map((i) => ({ label: topology.nodes[i]!.name, nodes: [i] })), ...groups];
}

/** Names tell something if their beginnings are neither few, nor many, nor nearly all the same. */
function tells(groups: Group[], services: number): boolean {
  const largest = Math.max(...groups.map((group) => group.nodes.length), 0);
  return groups.length >= 8 && groups.length <= MOST && largest < services * 0.4;
}

/** What is put together must stand together, or the picture says nothing: far less spread than all services are. */
function areNear(topology: Topology, groups: Group[], services: number[]): boolean {
  const whole = spreadOf(topology, services);
  const within = groups.reduce((sum, group) => sum + spreadOf(topology, group.nodes) * group.nodes.length, 0);
  return within / Math.max(services.length, 1) < 0.4 * whole;
}

/** Product of the variances along both axes; a row or column of services has none. */
function spreadOf(topology: Topology, nodes: number[]): number {
  const variance = (of: (i: number) => number): number => {
    const mean = nodes.reduce((sum, i) => sum + of(i), 0) / nodes.length;
    return nodes.reduce((sum, i) => sum + (of(i) - mean) ** 2, 0) / nodes.length;
  };
  return variance((i) => topology.nodes[i]!.x) * variance((i) => topology.nodes[i]!.y);
}

function byStem(topology: Topology, services: number[]): Group[] {
  const stems = new Map<string, number[]>();
  for (const i of services) {
    const key = stem(topology.nodes[i]!.name);
    const list = stems.get(key);
    if (list) list.push(i);
    else stems.set(key, [i]);
  }
  return [...stems].map(([key, list]) => ({ label: list.length > 1 ? `${key}…` : topology.nodes[list[0]!]!.name, nodes: list }));
}

function byLayer(topology: Topology, services: number[]): Group[] {
  const layers = new Map<number, number[]>();
  for (const i of services) {
    const layer = topology.nodes[i]!.layer;
    layers.set(layer, [...(layers.get(layer) ?? []), i]);
  }
  const groups: Group[] = [];
  for (const [layer, list] of [...layers].sort((a, b) => a[0] - b[0])) {
    list.sort((a, b) => topology.nodes[a]!.y - topology.nodes[b]!.y || a - b);
    const parts = Math.max(1, Math.min(8, Math.round((MOST * list.length) / Math.max(services.length, 1))));
    for (let part = 0; part < parts; part++) {
      const slice = list.slice(Math.floor((part * list.length) / parts), Math.floor(((part + 1) * list.length) / parts));
      if (slice.length > 0) groups.push({ label: layerLabel(topology, slice, layer, part, parts), nodes: slice });
    }
  }
  return groups;
}

function layerLabel(topology: Topology, nodes: number[], layer: number, part: number, parts: number): string {
  if (nodes.length === 1) return topology.nodes[nodes[0]!]!.name;
  const counts = new Map<string, number>();
  for (const i of nodes) {
    const key = stem(topology.nodes[i]!.name);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1]);
  const one = common[0]![1] > nodes.length * 0.6;
  const what = `${common.slice(0, one ? 1 : 2).map(([key]) => key).join(', ')}…`;
  return parts > 1 ? `${what} ${layer}.${part + 1}` : `${what} ${layer}`;
}
