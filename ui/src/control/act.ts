import type { Happening } from '../api/types';
import { attempt, say } from '../state/lab.svelte';
import type { Session } from '../state/session.svelte';

/** Makes something happen now, and tells what a scenario would call it. */
export async function act(session: Session, what: Happening, canEnd: boolean) {
  const happened = await attempt(() => session.happen(what));
  if (!happened) return undefined;
  const undo = canEnd ? () => end(session, happened.id) : null;
  say({ kind: 'done', text: happened.text, hint: happened.diagnostics[0]?.message ?? '', undo });
  return happened;
}

export async function end(session: Session, id: number) {
  await attempt(() => session.end(id));
}
