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

export type Cause = 'working' | 'waiting' | 'network' | 'calling';

/** Why time passes, as the engine tells it: what kind it is, and in words. */
const CAUSES: Record<string, [Cause, string]> = {
  work: ['working', 'working'],
  wait: ['working', 'its own waits'],
  network: ['network', 'network'],
  core: ['waiting', 'waiting for a core'],
  worker: ['waiting', 'waiting for a worker'],
  lock: ['waiting', 'waiting for a lock'],
  connection: ['waiting', 'waiting for a connection'],
  timeout: ['waiting', 'given up after a timeout'],
  backoff: ['waiting', 'waiting before a retry'],
  failing: ['calling', 'calls to it fail'],
};

export const causeOf = (cause: string): Cause => CAUSES[cause]?.[0] ?? 'calling';
export const inWords = (cause: string): string => CAUSES[cause]?.[1] ?? cause;

const COLOURS = { working: 'busy', waiting: 'slow', network: 'line-strong', calling: 'line' } as const;
/** The name of its colour. */
export const colourOf = (cause: string) => COLOURS[causeOf(cause)];
