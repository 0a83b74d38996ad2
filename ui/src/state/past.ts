/** The numbers of what is looked at: a second, or the mean over a stretch of them. */
import { mean, type Table } from '../api/frames';
import type { Session } from './session.svelte';

/** Of a long stretch so many seconds, evenly spread, stand for all. */
const MOST = 12;

export async function lookedAt(session: Session, at: number | null, range: [number, number] | null): Promise<Table | null> {
  if (at !== null) return session.second(at);
  if (!range) return null;
  const tables = await Promise.all(spread(range, MOST).map((second) => session.second(second)));
  return mean(tables, session.topology.nodes.length, session.topology.edges.length);
}

export function spread([from, to]: [number, number], most: number): number[] {
  const [first, last] = [Math.ceil(from), Math.floor(to)];
  const n = Math.max(1, Math.min(most, last - first + 1));
  return Array.from({ length: n }, (_, i) => (n === 1 ? first : Math.round(first + ((last - first) * i) / (n - 1))));
}
