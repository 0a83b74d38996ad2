/** A trace laid out in rows, callers above callees, so that a canvas need draw only what is seen. */
import type { Span, Trace } from '../api/types';

export interface Row {
  span: Span;
  /** Its place in the trace. */
  index: number;
  depth: number;
}

export interface Waterfall {
  rows: Row[];
  start_s: number;
  end_s: number;
}

export function waterfall(trace: Trace): Waterfall {
  const children = new Map<number, number[]>();
  const roots: number[] = [];
  trace.spans.forEach((span, index) => {
    if (span.parent === null) roots.push(index);
    else children.set(span.parent, [...(children.get(span.parent) ?? []), index]);
  });
  const rows: Row[] = [];
  // A stack instead of recursion: chains may be long.
  const stack = sorted(roots, trace.spans).map((index) => ({ index, depth: 0 }));
  while (stack.length) {
    const { index, depth } = stack.pop()!;
    rows.push({ span: trace.spans[index]!, index, depth });
    for (const child of sorted(children.get(index) ?? [], trace.spans)) stack.push({ index: child, depth: depth + 1 });
  }
  const start_s = Math.min(...trace.spans.map((span) => span.start_s));
  const end_s = Math.max(...trace.spans.map((span) => span.end_s));
  return { rows, start_s, end_s };
}

/** The last first, as a stack wants them. */
function sorted(indices: number[], spans: Span[]): number[] {
  return indices.toSorted((a, b) => spans[b]!.start_s - spans[a]!.start_s);
}

const WAITING = ['queue', 'wait', 'pool', 'lock', 'backoff', 'connect', 'worker'];
const NETWORK = ['network', 'wire', 'flight'];

export type Cause = 'working' | 'waiting' | 'network' | 'calling';

/** Causes are many; four are told apart on the map's terms. */
export function causeOf(cause: string): Cause {
  const word = cause.toLowerCase();
  if (NETWORK.some((it) => word.includes(it))) return 'network';
  if (word.includes('call') || word.includes('downstream') || word.includes('children')) return 'calling';
  if (WAITING.some((it) => word.includes(it))) return 'waiting';
  return 'working';
}
