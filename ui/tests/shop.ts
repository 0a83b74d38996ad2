import type { Edge, Node, Topology } from '../src/api/types';

const node = (kind: Node['kind'], name: string): Node => ({
  kind, name, instances: 2, zones: [[0, 1], [1, 1]], layer: 0, x: 0, y: 0, cores: 1, workers: null, queue: null, store: false,
});

const edge = (from: number, to: number, call: string): Edge => ({
  from, to, calls: [call], awaited: true, timeout: 'none', retry: 'none', breaker: 'none',
});

export const topology: Topology = {
  name: 'shop',
  regions: [{ name: 'east', zones: [0, 1] }],
  zones: [{ name: 'a', region: 0 }, { name: 'b', region: 0 }],
  nodes: [node('users', 'shoppers'), node('service', 'web'), node('service', 'db')],
  edges: [edge(0, 1, 'shoppers -> web'), edge(1, 2, 'web -> db')],
  width: 3,
  height: 1,
};
