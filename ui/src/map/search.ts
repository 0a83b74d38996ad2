import { cell, count, NODE } from './columns';
import { parseFilter, type Filter, type Subject } from './filter';
import type { MapData } from './types';

/** A node as find and hide expressions see it. */
export function subjectOf({ nodes, topology }: MapData, node: number): Subject {
  const rows = topology.nodes.length;
  const get = (column: number): number => count(nodes, rows, column, node);
  const { name, zones, instances } = topology.nodes[node]!;
  const done = get(NODE.ok) + get(NODE.errors) + get(NODE.refused);
  return {
    name,
    zones: zones.map(([zone]) => zoneName(topology, zone)),
    rate: get(NODE.rate),
    err: done > 0 ? (get(NODE.errors) + get(NODE.refused)) / done : 0,
    util: cell(nodes, rows, NODE.utilization, node),
    queue: get(NODE.queue),
    p99: cell(nodes, rows, NODE.p99, node),
    instances: cell(nodes, rows, NODE.wanted, node) || instances,
  };
}

function zoneName({ zones, regions }: MapData['topology'], zone: number): string {
  const { name, region } = zones[zone]!;
  return `${regions[region]?.name ?? ''}/${name}`;
}

/** The nodes that an expression matches; null where there is none, or one with a mistake. */
export function matching(text: string, data: MapData): Uint8Array | null {
  const parsed = parseFilter(text);
  const filter: Filter | null = parsed.ok ? parsed.filter : null;
  return filter && Uint8Array.from(data.topology.nodes, (_, i) => (filter(subjectOf(data, i)) ? 1 : 0));
}

export function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === b || (a !== null && b !== null && a.length === b.length && a.every((value, i) => value === b[i]));
}
