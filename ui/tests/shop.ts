import type { Node, Topology } from '../src/api/types';

const node = (kind: Node['kind'], name: string): Node => ({
  kind, name, instances: 2, zones: [[0, 1], [1, 1]], layer: 0, x: 0, y: 0, cores: 1, workers: null, store: false,
});

export const topology: Topology = {
  name: 'shop',
  regions: [{ name: 'east', zones: [0, 1] }],
  zones: [{ name: 'a', region: 0 }, { name: 'b', region: 0 }],
  nodes: [node('users', 'shoppers'), node('service', 'web'), node('service', 'db')],
  edges: [{ from: 0, to: 1, calls: ['shoppers -> web'], awaited: true }, { from: 1, to: 2, calls: ['web -> db'], awaited: true }],
  width: 3,
  height: 1,
};
