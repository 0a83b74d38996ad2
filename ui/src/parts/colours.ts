/** The page's colours for canvases, which know nothing of style sheets. */
import type { Theme } from '../state/view.svelte';

export const NAMES = ['text', 'text-quiet', 'line', 'line-strong', 'surface', 'sunken', 'accent', 'accent-soft', 'ok', 'slow', 'error', 'retry', 'busy'] as const;
export type ColourName = (typeof NAMES)[number];
export type Colours = Record<ColourName, string>;

/** Variables may be said by theme, so only a colour in use tells which it is. */
export function colours(_theme: Theme): Colours {
  const probe = document.body.appendChild(document.createElement('i'));
  const entries = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(entries) as Colours;
}

export const isDark = (theme: Theme) => theme === 'dark' || (theme === 'system' && darkQuery.matches);
export const darkQuery = matchMedia('(prefers-color-scheme: dark)');
