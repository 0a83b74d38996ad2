/** Which charts tell about a node, an edge, or the whole, and what is in them. */
import type { Series } from '../api/types';
import type { ChartSpec, Line } from '../parts/chart';
import type { ColourName } from '../parts/colours';
import { count, duration, rate, share } from '../text/format';

const DOTS = [2, 2];
const DASHES = [6, 3];

const line = (series: Series, key: string, label: string, colour: ColourName, dash?: number[]): Line => {
  const values = series[key] ?? [];
  return dash ? { label, values, colour, dash } : { label, values, colour };
};

function latency(series: Series, longest: boolean): ChartSpec {
  const lines = [line(series, 'p50_s', 'p50', 'ok'), line(series, 'p99_s', 'p99', 'slow', DASHES)];
  if (longest) lines.push(line(series, 'p999_s', 'p99.9', 'retry', DOTS));
  return { title: 'Latency', time: series.time_s, lines, format: duration };
}

function retries(series: Series): ChartSpec {
  return { title: 'Retries', time: series.time_s, lines: [line(series, 'retries', 'retries', 'retry')], format: rate, atLeast: 1 };
}

export function ofUsers(series: Series): ChartSpec[] {
  const time = series.time_s;
  return [
    { title: 'Throughput', time, format: rate, lines: [line(series, 'rate', 'sent', 'text-quiet', DOTS), line(series, 'ok', 'answered', 'ok')] },
    { title: 'Errors', time, format: rate, atLeast: 1, lines: [line(series, 'errors', 'errors', 'error')] },
    latency(series, true),
    retries(series),
    { title: 'Waiting for an answer', time, format: count, lines: [line(series, 'in_flight', 'in flight', 'busy')] },
  ];
}

export function ofService(series: Series): ChartSpec[] {
  const time = series.time_s;
  return [
    { title: 'Requests', time, format: rate, lines: [line(series, 'rate', 'arrived', 'text-quiet', DOTS), line(series, 'ok', 'answered', 'ok')] },
    { title: 'Errors', time, format: rate, atLeast: 1, lines: [line(series, 'errors', 'errors', 'error'), line(series, 'refused', 'refused', 'slow', DASHES)] },
    latency(series, true),
    { title: 'Utilisation', time, format: share, atLeast: 1, lines: [line(series, 'utilization', 'cores busy', 'busy')] },
    { title: 'Queue', time, format: count, atLeast: 1, lines: [line(series, 'queue', 'waiting', 'slow'), line(series, 'in_flight', 'present', 'busy', DASHES)] },
    { title: 'Instances', time, format: count, lines: [line(series, 'up', 'up', 'text')] },
  ];
}

export function ofEdge(series: Series): ChartSpec[] {
  const time = series.time_s;
  return [
    { title: 'Calls', time, format: rate, lines: [line(series, 'rate', 'attempts', 'text-quiet', DOTS), line(series, 'ok', 'answered', 'ok')] },
    { title: 'Errors', time, format: rate, atLeast: 1, lines: [line(series, 'errors', 'errors', 'error'), line(series, 'timeouts', 'timeouts', 'slow', DASHES)] },
    latency(series, false),
    retries(series),
  ];
}

const HUES: [ColourName, number[]?][] = [['busy'], ['slow', DASHES], ['retry', DOTS], ['ok', [8, 2, 2, 2]]];

/** One number of several services in one chart. */
export function ofMany(title: string, key: string, many: [string, Series][], format: ChartSpec['format'], atLeast: number): ChartSpec {
  const lines = many.map(([name, series], index) => line(series, key, name, HUES[index]![0], HUES[index]![1]));
  return { title, time: many[0]?.[1].time_s ?? [], lines, format, atLeast };
}

/** The rows with the largest values. */
export function largest(values: Float32Array, n: number): number[] {
  const rows = [...values.keys()].filter((row) => values[row]! >= 0);
  return rows.sort((a, b) => values[b]! - values[a]!).slice(0, n);
}
