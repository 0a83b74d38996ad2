/** The numbers of a node or an edge, one a line. */
import type { Columns, EdgeColumn, NodeColumn } from '../api/frames';
import type { Topology } from '../api/types';
import type { ColourName } from '../parts/colours';
import { count, duration, rate, share } from '../text/format';

export interface Stat {
  label: string;
  /** The column of its history. */
  column: string;
  text: string;
  colour: ColourName;
  atLeast: number;
  alarming: boolean;
}

const stat = (label: string, column: string, text: string, colour: ColourName = 'text-quiet', atLeast = 0, alarming = false): Stat =>
  ({ label, column, text, colour, atLeast, alarming });

/** From here on a tier is called busy. */
const BUSY = 0.9;

/** How many instances of a node there are to be; before the stream says so, what the file says. Of a stretch of time: about. */
export const wantedOf = (node: Columns<NodeColumn>, { nodes }: Topology, at: number): number => Math.round(node.wanted[at] || nodes[at]!.instances);

export function ofUsers(node: Columns<NodeColumn>, at: number): Stat[] {
  const value = (name: NodeColumn) => node[name][at]!;
  return [
    stat('Sent', 'rate', rate(value('rate')), 'ok'),
    stat('Answered', 'ok', rate(value('ok')), 'ok'),
    stat('Errors', 'errors', rate(value('errors')), 'error', 1, value('errors') > 0),
    stat('Retries', 'retries', rate(value('retries')), 'retry', 1),
    stat('Waiting', 'in_flight', count(value('in_flight')), 'busy', 1),
    ...latencies(value),
  ];
}

export function ofService(node: Columns<NodeColumn>, at: number): Stat[] {
  const value = (name: NodeColumn) => node[name][at]!;
  return [
    stat('Requests', 'rate', rate(value('rate')), 'ok'),
    stat('Errors', 'errors', rate(value('errors')), 'error', 1, value('errors') > 0),
    stat('Refused', 'refused', rate(value('refused')), 'slow', 1, value('refused') > 0),
    stat('Utilisation', 'utilization', share(value('utilization')), 'busy', 1, value('utilization') > BUSY),
    stat('Queue', 'queue', count(value('queue')), 'slow', 1),
    stat('Present', 'in_flight', count(value('in_flight')), 'busy', 1),
    stat('Up', 'up', count(value('up')), 'text', 0, value('up') < value('wanted')),
    ...latencies(value),
  ];
}

function latencies(value: (name: NodeColumn) => number): Stat[] {
  return [
    stat('p50', 'p50_s', duration(value('p50_s')), 'ok'),
    stat('p99', 'p99_s', duration(value('p99_s')), 'slow'),
    stat('p99.9', 'p999_s', duration(value('p999_s')), 'retry'),
  ];
}

export function ofEdge(edge: Columns<EdgeColumn>, at: number): Stat[] {
  const value = (name: EdgeColumn) => edge[name][at]!;
  return [
    stat('Attempts', 'rate', rate(value('rate')), 'ok'),
    stat('Errors', 'errors', rate(value('errors')), 'error', 1, value('errors') > 0),
    stat('Timeouts', 'timeouts', rate(value('timeouts')), 'slow', 1, value('timeouts') > 0),
    stat('Retries', 'retries', rate(value('retries')), 'retry', 1),
    stat('p50', 'p50_s', duration(value('p50_s')), 'ok'),
    stat('p99', 'p99_s', duration(value('p99_s')), 'slow'),
  ];
}
