/** Latencies of one workload of one run, second by second: what is known grows by what is new. */
import { ApiError, heat as fetchHeat } from '../api/client';
import type { Heat } from '../api/types';
import type { Session } from '../state/session.svelte';

export class Latencies {
  heat = $state.raw<Heat | null>(null);
  private of = '';

  async follow(session: Session, workload: string) {
    const of = `${session.id} ${session.life} ${workload}`;
    if (of !== this.of) this.heat = null;
    this.of = of;
    try {
      const fresh = await grow(this.heat, (after) => fetchHeat(session.id, workload, after));
      if (of === this.of) this.heat = fresh;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  forget() {
    this.of = '';
    this.heat = null;
  }
}

/** The last column may not be full yet, and is fetched again; all are once they cover more seconds each. */
export async function grow(known: Heat | null, fetch: (after: number) => Promise<Heat>): Promise<Heat> {
  const keep = (known?.time_s.length ?? 0) - 1;
  if (!known || keep < 1) return fetch(0);
  const fresh = await fetch(known.time_s[keep - 1]!);
  if (fresh.covers_s !== known.covers_s || fresh.time_s.length === 0) return fetch(0);
  const grown = { time_s: [...known.time_s.slice(0, keep), ...fresh.time_s], counts: [...known.counts.slice(0, keep), ...fresh.counts] };
  return { ...fresh, ...grown };
}
