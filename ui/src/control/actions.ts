/** What can be done to what: each gives a happening of the language. */
import type { Happening } from '../api/types';

export interface Field {
  key: string;
  label: string;
  kind: 'number' | 'duration' | 'share' | 'zone';
  first: string;
}

export interface Action {
  id: string;
  label: string;
  /** What it does, in a few words. */
  note: string;
  fields: Field[];
  /** It is over at once: there is nothing to end. */
  momentary?: boolean;
  build(values: Record<string, string>): Happening;
}

export type Target =
  | { kind: 'service'; name: string }
  | { kind: 'users'; name: string }
  | { kind: 'edge'; from: string; to: string; fromUsers: boolean }
  | { kind: 'zone'; name: string; others: string[] }
  | { kind: 'region'; name: string; others: string[] };

const number = (key: string, label: string, first: string): Field => ({ key, label, kind: 'number', first });
const duration = (key: string, label: string, first: string): Field => ({ key, label, kind: 'duration', first });
const share = (key: string, label: string, first: string): Field => ({ key, label, kind: 'share', first });
const instances = number('instances', 'Instances (empty: all)', '');

/** Leaves out what was left empty. */
function narrowed(service: string, values: Record<string, string>, more: Record<string, unknown> = {}): Happening {
  const target: Record<string, unknown> = { service, ...more };
  if (values['instances']) target['instances'] = Number(values['instances']);
  if (values['zone']) target['zone'] = values['zone'];
  return target;
}

export function actions(target: Target): Action[] {
  switch (target.kind) {
    case 'service':
      return service(target.name);
    case 'users':
      return users(target.name);
    case 'edge':
      return edge(target.from, target.to, target.fromUsers);
    case 'zone':
      return place('zone', target.name, target.others);
    case 'region':
      return place('region', target.name, target.others);
  }
}

function service(name: string): Action[] {
  return [
    { id: 'kill', label: 'Kill an instance', note: 'what is there is lost', fields: [number('instances', 'Instances', '1')], build: (v) => ({ kill: narrowed(name, v) }) },
    { id: 'slow', label: 'Slow down', note: 'work takes 5 times as long', fields: [number('factor', 'Times as long', '5'), instances], build: (v) => ({ slow: narrowed(name, v, { factor: Number(v['factor']) }) }) },
    { id: 'error', label: 'Answer with errors', note: 'half of the requests', fields: [share('share', 'Share of requests', '50%'), instances], build: (v) => ({ error: narrowed(name, v, { share: v['share'] }) }) },
    { id: 'pause', label: 'Pause', note: 'nothing makes progress, arrivals queue', fields: [instances], build: (v) => ({ pause: narrowed(name, v) }) },
    { id: 'stall', label: 'Stall', note: 'requests are taken and never answered', fields: [instances], build: (v) => ({ stall: narrowed(name, v) }) },
    { id: 'delay', label: 'Delay calls to it', note: '100 ms more on the network', fields: [duration('add', 'Longer by', '100ms'), instances], build: (v) => ({ delay: narrowed(name, v, { add: v['add'] }) }) },
    { id: 'leak', label: 'Leak', note: 'slower and slower, up to 10 times', fields: [number('factor', 'Times as long at the end', '10'), instances], build: (v) => ({ leak: narrowed(name, v, { factor: Number(v['factor']) }) }) },
    { id: 'restart', label: 'Restart', note: 'all instances, 10 s away', momentary: true, fields: [duration('down', 'Away for', '10s'), instances], build: (v) => ({ restart: narrowed(name, v, { down: v['down'] }) }) },
    { id: 'flush', label: 'Flush the cache', note: 'every lookup misses at first', momentary: true, fields: [duration('refill', 'Full again after', '30s')], build: (v) => ({ flush: { service: name, refill: v['refill'] } }) },
    { id: 'pin', label: 'Pin the balancer', note: 'all callers choose one instance', fields: [], build: () => ({ pin: { service: name } }) },
    { id: 'freeze', label: 'Freeze discovery', note: 'callers hear nothing new of instances', fields: [], build: () => ({ freeze: { service: name } }) },
    { id: 'lose', label: 'Lose the service', note: 'every instance', fields: [], build: () => ({ lose: { service: name } }) },
  ];
}

function users(name: string): Action[] {
  const load = (id: string, label: string, note: string, factor: string): Action => ({
    id, label, note,
    fields: [number('factor', 'Times as many', factor)],
    build: (v) => ({ load: { factor: Number(v['factor']), workload: name } }),
  });
  return [
    load('triple', 'Three times the load', 'of this workload', '3'),
    load('tenfold', 'Ten times the load', 'of this workload', '10'),
    load('half', 'Half the load', 'of this workload', '0.5'),
  ];
}

function edge(from: string, to: string, fromUsers: boolean): Action[] {
  const caller = fromUsers ? 'users' : `service ${from}`;
  const callee = `service ${to}`;
  // Calls are named by services; those of users only by the places they go between.
  const which = fromUsers ? { between: ['users', callee] } : { call: `${from} -> ${to}` };
  return [
    { id: 'cut', label: 'Cut', note: 'nothing gets there, nobody is told', fields: [], build: () => ({ partition: { from: caller, to: callee } }) },
    { id: 'delay', label: 'Delay', note: '100 ms more on the network', fields: [duration('add', 'Longer by', '100ms')], build: (v) => ({ delay: { ...which, add: v['add'] } }) },
    { id: 'loss', label: 'Lose messages', note: '5% of them, sent again', fields: [share('share', 'Share of messages', '5%')], build: (v) => ({ loss: { ...which, share: v['share'] } }) },
    { id: 'slow', label: 'Slow link', note: 'messages take 10 times as long', fields: [number('factor', 'Times as long', '10')], build: (v) => ({ slow: { between: [caller, callee], factor: Number(v['factor']) } }) },
  ];
}

function place(kind: 'zone' | 'region', name: string, others: string[]): Action[] {
  const here = `${kind} ${name}`;
  const between: Action[] = others.map((other) => ({
    id: `cut-${other}`,
    label: `Cut off from ${other}`,
    note: 'neither hears of the other',
    fields: [],
    build: () => ({ partition: [here, `${kind} ${other}`] }),
  }));
  return [
    { id: 'lose', label: `Lose the ${kind}`, note: 'everything in it', fields: [], build: () => ({ lose: { [kind]: name } }) },
    ...between,
  ];
}

/** A happening as a scenario has it, such as `kill: { service: web, instances: 1 }, for: 30s`. */
export function asText(happening: Happening): string {
  return Object.entries(happening).map(([key, value]) => `${key}: ${flow(value)}`).join(', ');
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    return `{ ${Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`).join(', ')} }`;
  }
  return String(value);
}

/** 0.1 to 10 on a slider from -1 to 1, the middle being as it is. */
export const factorAt = (position: number): number => Number((10 ** position).toPrecision(2));
export const positionOf = (factor: number): number => Math.log10(factor);
