/** Into the clipboard. Without one (a page that is not from this machine has none on http) the text is shown to be copied by hand. */
import { say } from '../state/lab.svelte';

export async function copy(text: string, done: string) {
  try {
    await navigator.clipboard.writeText(text);
    say({ kind: 'done', text: done, hint: '', undo: null });
  } catch {
    window.prompt('Copy this', text);
  }
}
