import * as api from '../api/client';
import { attempt, lookBeside } from '../state/lab.svelte';
import type { Session } from '../state/session.svelte';
import { view } from '../state/view.svelte';

/** A second run that got to this second in the same way, beside the one looked at; both stand there. */
export async function branch(session: Session, at_s: number) {
  const made = await attempt(() => api.branch(session.id, at_s, session.run.state === 'paused'));
  if (!made) return;
  lookBeside(made);
  Object.assign(view, { at: null, tab: 'compare', dock: true });
}
