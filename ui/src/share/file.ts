/** Architectures as files. */
import * as api from '../api/client';
import { attempt } from '../state/lab.svelte';
import type { Session } from '../state/session.svelte';
import { save } from './pictures';

export const saveYaml = (name: string, text: string) => save(`${name.replace(/\W+/g, '-')}.yaml`, new Blob([text], { type: 'application/yaml' }));

/** What runs, with what was done by hand. */
export async function saveRun({ id, run }: Session) {
  const text = await attempt(() => api.file(id));
  if (text !== undefined) saveYaml(run.name, text);
}
