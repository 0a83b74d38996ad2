/** What can be set to another value while a run goes on, and what was. */
import type { Edge, Happening, Node } from '../api/types';
import type { Target } from './actions';
import { entries, parts, type Deed } from './script';

export interface Knob {
  key: string;
  label: string;
  /** What may be written. */
  example: string;
}

/** By key, as the language writes them; null where calls differ. */
export type Settings = Record<string, string | null>;

export interface Held {
  id: number;
  text: string;
  set: Settings;
}

const CAPACITY: Knob[] = [
  { key: 'instances', label: 'Instances', example: '3' },
  { key: 'workers', label: 'Workers of an instance', example: '20, unlimited' },
  { key: 'queue', label: 'Queue of an instance', example: '100, unlimited' },
];
const POLICY: Knob[] = [
  { key: 'timeout', label: 'Timeout', example: '50ms, none' },
  { key: 'retry', label: 'Retries', example: '2, { attempts: 2, budget: 10% }, none' },
  { key: 'breaker', label: 'Breaker', example: '50%, { failures: 50%, open: 5s }, none' },
];
/** Times are read from texts: the last digit of one may be another. */
const ROUNDING_S = 1e-6;

/** Whose settings they are, and which. Senders of messages have none. */
export function knobs(target: Target, awaited: boolean): { whose: [string, string]; list: Knob[] } | null {
  switch (target.kind) {
    case 'service':
      return { whose: ['service', target.name], list: CAPACITY };
    case 'users':
      return { whose: ['workload', target.name], list: POLICY };
    case 'edge':
      if (!awaited) return null;
      return { whose: target.fromUsers ? ['workload', target.from] : ['call', `${target.from} -> ${target.to}`], list: POLICY };
    default:
      return null;
  }
}

/** What the file says. */
export function said(of: Node | Edge): Settings {
  const limit = (it: number | null) => (it === null ? 'unlimited' : String(it));
  if ('kind' in of && of.kind === 'service') {
    return { instances: String(of.instances), workers: limit(of.workers), queue: limit(of.queue) };
  }
  return { timeout: of.timeout ?? null, retry: of.retry ?? null, breaker: of.breaker ?? null };
}

/** What was written, unless it holds anyway. */
export function written(values: Record<string, string>, now: Settings): Record<string, string> {
  const trimmed = Object.entries(values).map(([key, text]): [string, string] => [key, text.trim()]);
  return Object.fromEntries(trimmed.filter(([key, text]) => text && text !== now[key]));
}

export function change([kind, name]: [string, string], written: Record<string, string>): Happening {
  const set = Object.entries(written).map(([key, text]) => [key, key === 'breaker' ? breaker(text) : read(text)]);
  return { set: { [kind]: name, ...Object.fromEntries(set) } };
}

/** The bare share is for short. */
const breaker = (text: string) => (text === 'none' || text.startsWith('{') ? read(text) : { failures: text });

/** A value in one line, as JSON has it. */
function read(text: string): unknown {
  if (/^\{.*\}$/s.test(text)) return Object.fromEntries([...entries(text)].map(([key, value]) => [key, read(value)]));
  return /^\[.*\]$/s.test(text) ? parts(text).map(read) : text;
}

/** What was set there and has not ended, the latest last. */
export function held(deeds: Deed[], [kind, name]: [string, string], now_s: number): Held[] {
  const lasts = (it: Deed) => it.kind === 'set' && it.at_s <= now_s + ROUNDING_S && it.until_s > now_s;
  return deeds.filter(lasts).sort((a, b) => a.at_s - b.at_s).flatMap(({ id, text }) => {
    const { [kind]: whose, ...set } = Object.fromEntries(entries(entries(text).get('set')!));
    if (whose === undefined || services(whose) !== name) return [];
    // Of one endpoint: other calls between the two services are as they were.
    const isPart = whose.includes('/');
    const shown = Object.entries(isPart ? { [kind]: whose, ...set } : set).map(([key, value]) => `${key}: ${value}`);
    const none = Object.fromEntries(Object.keys(set).map((key) => [key, null]));
    return [{ id, text: shown.join(', '), set: isPart ? none : set }];
  });
}

/** `web -> db` of `web/home->db`. */
const services = (whose: string) => whose.split('->').map((it) => it.trim().split('/')[0]).join(' -> ');

/** What holds: what the file says, and over it what is set. */
export const holding = (file: Settings, held: Held[]): Settings => Object.assign({}, file, ...held.map((it) => it.set));
