import type { Table } from '../api/frames';
import type { Topology } from '../api/types';

export type Column = 'name' | 'instances' | 'rate' | 'errors' | 'refused' | 'utilization' | 'queue' | 'in_flight' | 'p50_s' | 'p99_s' | 'p999_s';
export type NumberColumn = Exclude<Column, 'name'>;
export type Row = { name: string } & Record<NumberColumn, number>;

export function rows(topology: Topology, { node }: Table): Row[] {
  const all = topology.nodes.map((it, at) => ({ it, at })).filter(({ it }) => it.kind === 'service');
  return all.map(({ it, at }) => ({
    name: it.name,
    instances: Number.isNaN(node.up[at]!) ? it.instances : node.up[at]!,
    rate: node.rate[at]!, errors: node.errors[at]!, refused: node.refused[at]!,
    utilization: node.utilization[at]!, queue: node.queue[at]!, in_flight: node.in_flight[at]!,
    p50_s: node.p50_s[at]!, p99_s: node.p99_s[at]!, p999_s: node.p999_s[at]!,
  }));
}

/** What is not a number comes last, either way; equals by name, so that rows do not jump. */
export function sorted(all: Row[], by: Column, up: boolean): Row[] {
  const sign = up ? 1 : -1;
  return all.toSorted((a, b) => {
    if (by === 'name') return sign * a.name.localeCompare(b.name);
    const [x, y] = [a[by], b[by]];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return sign * (x - y) || a.name.localeCompare(b.name);
  });
}
