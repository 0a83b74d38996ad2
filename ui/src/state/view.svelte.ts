/** What one looks at. All of it stands in the URL, and is read from there again. */
import { clock } from '../text/format';
import { FIRST, read, TABS, write, type ViewState } from './url';

export type Tab = (typeof TABS)[number];
export type Theme = 'system' | 'light' | 'dark';

class View {
  run = $state<string | null>(null);
  tab = $state<Tab>('numbers');
  /** A node, an edge `a->b`, a zone `zone:NAME` or a region `region:NAME`. */
  selected = $state<string | null>(null);
  /** The second looked at; null is now. */
  at = $state<number | null>(null);
  /** A stretch of seconds that traces, events and the map are narrowed to. */
  range = $state<[number, number] | null>(null);
  find = $state('');
  hide = $state('');
  hideHealthy = $state(false);
  mode = $state<'map' | 'grid'>('map');
  level = $state<'auto' | 'world' | 'region' | 'service'>('auto');
  camera = $state('');
  editor = $state(false);
  dock = $state(true);
  trace = $state<string | null>(null);
  pick = $state<'slowest' | 'failed' | 'random'>('slowest');
  flame = $state(false);
  /** What is asked of: the last seconds or the whole run. */
  over = $state<'recent' | 'run'>('recent');
  /** Of the slowest requests, or of all. */
  part = $state<'tail_s' | 'mean_s'>('tail_s');
  /** Whose latencies and reasons; the first's if there is none of this name. */
  workload = $state('');
  /** What the grid is shaded by. */
  shade = $state<'utilization' | 'errors' | 'queue' | 'p99_s' | 'rate'>('utilization');
  /** The table's column, behind + or - for which way. */
  sort = $state('-utilization');
  filter = $state('');
  /** The run that is compared with. */
  against = $state<string | null>(null);
  story = $state(false);
  theme = $state<Theme>((localStorage.getItem('theme') as Theme | null) ?? 'system');
}

export const view = new View();

/** What time the numbers are of. */
export function when(): string {
  if (view.at !== null) return `At ${clock(view.at)}`;
  return view.range ? `${clock(view.range[0])} to ${clock(view.range[1])}` : 'Now';
}

/** Whether a moment is in the stretch that is looked at. */
export const isLookedAt = ({ at_s }: { at_s: number }) => !view.range || (at_s >= view.range[0] && at_s <= view.range[1]);

export function restore() {
  Object.assign(view, read(location.hash));
}

/** Keeps the URL as the view is; without an entry in the history for each turn of the camera. */
export function remember() {
  const keys = Object.keys(FIRST) as (keyof ViewState)[];
  const state = Object.fromEntries(keys.map((key) => [key, view[key]])) as unknown as ViewState;
  const hash = write(state);
  if (hash !== location.hash) history.replaceState(null, '', hash || location.pathname + location.search);
}

export function go(time: number | null) {
  view.at = time;
}
