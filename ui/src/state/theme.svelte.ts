import { colours, darkQuery, isDark } from '../parts/colours';
import { view } from './view.svelte';

class Look {
  system = $state(darkQuery.matches);
  dark = $derived((this.system, isDark(view.theme)));
  colours = $derived((this.dark, colours(view.theme)));

  constructor() {
    darkQuery.addEventListener('change', () => (this.system = darkQuery.matches));
  }
}

/** Before anything is coloured, or what asks for a colour would get the other theme's. */
export function wear(theme: typeof view.theme) {
  view.theme = theme;
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  localStorage.setItem('theme', theme);
}

wear(view.theme);
export const look = new Look();
