import type { Topology } from '../../src/map/types';

type Sketch = Partial<Topology['nodes'][number]> & { name: string };

/** A topology of a few nodes, without the parts that do not matter. */
export function topologyOf(nodes: Sketch[], calls: [number, number][], regions: string[] = ['one'], zonesEach = 1): Topology {
  const zones = regions.flatMap((_, region) => Array.from({ length: zonesEach }, (_, z) => ({ name: 'abc'[z]!, region })));
  return {
    name: 'sketch',
    regions: regions.map((name, r) => ({ name, zones: zones.flatMap((zone, z) => (zone.region === r ? [z] : [])) })),
    zones,
    nodes: nodes.map((node, i) => ({
      kind: 'service', instances: 1, zones: zones.map((_, z): [number, number] => [z, 1]), layer: i, x: i, y: 0, cores: 1, workers: 8, queue: null, store: false, about: {}, ...node,
    })),
    edges: calls.map(([from, to]) => ({ from, to, calls: [], awaited: true, timeout: 'none', retry: 'none', breaker: 'none' })),
    width: nodes.length,
    height: 1,
  };
}
