/** What a selection names: a node, an edge `a->b`, `zone:NAME` or `region:NAME`. */
import type { Topology } from '../api/types';
import type { Target } from '../control/actions';

export type Subject =
  | { kind: 'service' | 'users'; name: string; node: number }
  | { kind: 'edge'; name: string; edge: number; from: string; to: string }
  | { kind: 'zone' | 'region'; name: string };

/** Zones by their full names: several regions may have a zone `a`. */
export function zoneNames({ zones, regions }: Topology): string[] {
  return zones.map((zone) => `${regions[zone.region]?.name ?? ''}/${zone.name}`);
}

export function subject(topology: Topology, selected: string | null): Subject | null {
  if (selected === null) return null;
  if (selected.startsWith('zone:')) return known('zone', zoneNames(topology), selected.slice(5));
  if (selected.startsWith('region:')) return known('region', topology.regions.map((it) => it.name), selected.slice(7));
  const node = topology.nodes.findIndex((it) => it.name === selected);
  if (node >= 0) return { kind: topology.nodes[node]!.kind, name: selected, node };
  return edge(topology, selected);
}

function known(kind: 'zone' | 'region', among: string[], name: string): Subject | null {
  return among.includes(name) ? { kind, name } : null;
}

function edge(topology: Topology, name: string): Subject | null {
  const [from, to] = name.split('->');
  if (from === undefined || to === undefined) return null;
  const named = (at: number) => topology.nodes[at]?.name;
  const at = topology.edges.findIndex((it) => named(it.from) === from && named(it.to) === to);
  return at < 0 ? null : { kind: 'edge', name, edge: at, from, to };
}

export function target(topology: Topology, subject: Subject): Target {
  switch (subject.kind) {
    case 'service':
    case 'users':
      return { kind: subject.kind, name: subject.name };
    case 'edge':
      return { kind: 'edge', from: subject.from, to: subject.to, fromUsers: isUsers(topology, subject.from) };
    case 'zone':
    case 'region':
      return { kind: subject.kind, name: subject.name, others: others(topology, subject) };
  }
}

const isUsers = (topology: Topology, name: string) =>
  topology.nodes.some((node) => node.kind === 'users' && node.name === name);

function others(topology: Topology, { kind, name }: { kind: 'zone' | 'region'; name: string }): string[] {
  const all = kind === 'zone' ? zoneNames(topology) : topology.regions.map((it) => it.name);
  return all.filter((other) => other !== name).slice(0, 4);
}
