/** Keys of the whole page; what is written in fields stays there. */
import { lab } from './lab.svelte';
import { look, wear } from './theme.svelte';
import { TABS } from './url';
import { go, view } from './view.svelte';

export interface Acts {
  toggle(): void;
  step(): void;
  breakIt(): void;
  /** The last whole second. */
  now(): number;
}

export function pressed(event: KeyboardEvent, acts: Acts) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isWriting(event.target)) return;
  // The browser closes what is open on top; a handled key would keep it from that.
  if (event.key === 'Escape' && document.querySelector(':popover-open, dialog[open]')) return;
  const act = KEYS[event.key] ?? digit(event.key);
  if (!act) return;
  if (event.key === ' ' && event.target instanceof HTMLButtonElement) return;
  act(acts);
  event.preventDefault();
}

const KEYS: Record<string, (acts: Acts) => void> = {
  ' ': (acts) => acts.toggle(),
  '.': (acts) => acts.step(),
  b: (acts) => acts.breakIt(),
  e: () => (view.editor = !view.editor),
  m: () => (view.mode = view.mode === 'map' ? 'grid' : 'map'),
  d: () => wear(look.dark ? 'light' : 'dark'),
  n: () => go(null),
  '[': (acts) => go(Math.max(1, (view.at ?? acts.now()) - 1)),
  ']': (acts) => go(Math.min(acts.now(), (view.at ?? acts.now()) + 1)),
  '/': () => document.querySelector<HTMLInputElement>('[data-test=find]')?.focus(),
  '?': () => (lab.help = true),
  Escape: () => (view.selected = null),
};

function digit(key: string): (() => void) | undefined {
  const tab = /^[1-7]$/.test(key) ? TABS[Number(key) - 1] : undefined;
  return tab && (() => Object.assign(view, { tab, dock: true }));
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName));
}
