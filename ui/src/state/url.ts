/** The view as the hash of a link: only what differs from how everything starts. */

export interface ViewState {
  run: string | null;
  tab: string;
  selected: string | null;
  at: number | null;
  range: [number, number] | null;
  find: string;
  hide: string;
  hideHealthy: boolean;
  mode: string;
  level: string;
  camera: string;
  editor: boolean;
  dock: boolean;
  trace: string | null;
  pick: string;
  flame: boolean;
  over: string;
  part: string;
  workload: string;
  shade: string;
  sort: string;
  filter: string;
  against: string | null;
  story: boolean;
}

export const FIRST: ViewState = {
  run: null, tab: 'numbers', selected: null, at: null, range: null, find: '', hide: '', hideHealthy: false,
  mode: 'map', level: 'auto', camera: '', editor: false, dock: true, trace: null, pick: 'slowest', flame: false,
  over: 'recent', part: 'tail_s', workload: '', shade: 'utilization', sort: '-utilization', filter: '',
  against: null, story: false,
};

export const TABS = ['numbers', 'latency', 'traces', 'why', 'events', 'table', 'scenario', 'compare'] as const;

const CHOICES: Partial<Record<keyof ViewState, readonly string[]>> = {
  tab: TABS,
  mode: ['map', 'grid'],
  level: ['auto', 'world', 'region', 'service'],
  pick: ['slowest', 'failed', 'random'],
  over: ['recent', 'run'],
  part: ['tail_s', 'mean_s'],
  shade: ['utilization', 'errors', 'queue', 'p99_s', 'rate'],
};

export function write(state: ViewState): string {
  const words = new URLSearchParams();
  for (const key of Object.keys(FIRST) as (keyof ViewState)[]) {
    const value = state[key];
    if (value === null || value === FIRST[key]) continue;
    words.set(key, Array.isArray(value) ? value.join('-') : value === true ? '1' : value === false ? '0' : String(value));
  }
  const text = words.toString();
  return text ? `#${text}` : '';
}

/** Whatever a link holds that makes no sense is as if it were not there. */
export function read(hash: string): ViewState {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const state: Record<string, unknown> = { ...FIRST };
  for (const [key, text] of words) {
    const value = key in FIRST ? parse(key as keyof ViewState, text) : undefined;
    if (value !== undefined) state[key] = value;
  }
  return state as unknown as ViewState;
}

function parse(key: keyof ViewState, text: string): unknown {
  const first = FIRST[key];
  if (typeof first === 'boolean') return text === '1';
  if (key === 'at') return finite(text);
  if (key === 'range') return range(text);
  const choices = CHOICES[key];
  return choices && !choices.includes(text) ? undefined : text;
}

function finite(text: string): number | undefined {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function range(text: string): [number, number] | undefined {
  const [from, to] = text.split('-').map((it) => finite(it));
  return from !== undefined && to !== undefined && from < to ? [from, to] : undefined;
}
