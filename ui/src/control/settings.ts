/** What can be set to another value while a run goes on, and what was. */
import type { Happening } from '../api/types';
import type { Target } from './actions';
import type { Deed } from './script';

export interface Knob {
  key: string;
  label: string;
  /** What may be written. */
  example: string;
}

const CAPACITY: Knob[] = [
  { key: 'workers', label: 'Workers of an instance', example: '20, unlimited' },
  { key: 'queue', label: 'Queue of an instance', example: '100, unlimited' },
];
const POLICY: Knob[] = [
  { key: 'timeout', label: 'Timeout', example: '50ms, none' },
  { key: 'retry', label: 'Retries', example: '2, none' },
  { key: 'budget', label: 'Retry budget', example: '10%' },
  { key: 'breaker', label: 'Breaker opens at', example: '50%, none' },
];

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

/** Only what was written is set. */
export function change([kind, name]: [string, string], values: Record<string, string>): Happening {
  const said = (key: string) => values[key]?.trim() ?? '';
  const set: Record<string, unknown> = { [kind]: name };
  for (const key of ['workers', 'queue', 'timeout', 'retry']) if (said(key)) set[key] = said(key);
  if (said('budget')) set['retry'] = { ...(said('retry') && { attempts: said('retry') }), budget: said('budget') };
  if (said('breaker')) set['breaker'] = said('breaker') === 'none' ? 'none' : { failures: said('breaker') };
  return { set };
}

/** What was set there and has not ended. */
export function held(deeds: Deed[], [kind, name]: [string, string], now_s: number): { id: number; text: string }[] {
  return deeds.filter((it) => it.kind === 'set' && it.until_s > now_s).flatMap(({ id, text }) => {
    const start = `set: { ${kind}: ${name}, `;
    const from = text.indexOf(start);
    if (from < 0) return [];
    const inner = text.slice(from + start.length).replace(/,? for: [^{}]*\}$/, '').replace(/[ }]*$/, '');
    return [{ id, text: inner + ' }'.repeat(inner.split('{').length - inner.split('}').length) }];
  });
}
