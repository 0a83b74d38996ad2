import type { Table } from '../api/frames';
import { attempt } from './lab.svelte';
import { lookedAt } from './past';
import type { Session } from './session.svelte';
import { view } from './view.svelte';

/** The numbers of one run at what is looked at, as the view changes; null is now. */
export function pastOf(session: () => Session | null) {
  let table = $state.raw<Table | null>(null);
  $effect(() => {
    const [of, at, range] = [session(), view.at, view.range];
    if (!of?.ready) return void (table = null);
    let stale = false;
    void attempt(() => lookedAt(of, at, range)).then((fresh) => {
      if (!stale) table = fresh ?? null;
    });
    return () => (stale = true);
  });
  return {
    get table() {
      return table;
    },
  };
}
