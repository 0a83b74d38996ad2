import { describe, expect, it } from 'vitest';
import { actions, asText, factorAt, positionOf } from '../src/control/actions';
import { canEnd, deed, heldLoad, seconds } from '../src/control/script';
import { change, held, holding, knobs, said, written } from '../src/control/settings';
import { topology } from './shop';

const first = (id: string, target: Parameters<typeof actions>[0], changed: Record<string, string> = {}) => {
  const action = actions(target).find((it) => it.id === id)!;
  return asText(action.build({ ...Object.fromEntries(action.fields.map((field) => [field.key, field.first])), ...changed }));
};
const web = { kind: 'service', name: 'web' } as const;

describe('what is done', () => {
  it.each([
    ['kill', 'kill: { service: web, instances: 1 }'],
    ['slow', 'slow: { service: web, factor: 5 }'],
    ['error', 'error: { service: web, share: 50% }'],
    ['pause', 'pause: { service: web }'],
    ['delay', 'delay: { service: web, add: 100ms }'],
    ['flush', 'flush: { service: web, refill: 30s }'],
    ['pin', 'pin: { service: web }'],
    ['lose', 'lose: { service: web }'],
  ])('to a service: %s', (id, text) => expect(first(id, web)).toBe(text));

  it('can be narrowed to some instances', () =>
    expect(first('slow', web, { instances: '2', factor: '3' })).toBe('slow: { service: web, factor: 3, instances: 2 }'));

  it('to calls is said of services, and of users by place', () => {
    const calls = { kind: 'edge', from: 'web', to: 'db', fromUsers: false } as const;
    expect(first('delay', calls)).toBe('delay: { call: web -> db, add: 100ms }');
    expect(first('cut', calls)).toBe('partition: { from: service web, to: service db }');
    expect(first('delay', { ...calls, from: 'shoppers', fromUsers: true })).toBe('delay: { between: [users, service db], add: 100ms }');
  });

  it('to a zone', () => {
    const zone = { kind: 'zone', name: 'east/a', others: ['east/b'] } as const;
    expect(first('lose', { ...zone, others: [...zone.others] })).toBe('lose: { zone: east/a }');
    expect(first('cut-east/b', { ...zone, others: [...zone.others] })).toBe('partition: [zone east/a, zone east/b]');
  });
});

describe('the load slider', () => {
  it('goes from a tenth to ten times, as it is in the middle', () =>
    expect([-1, 0, 1].map(factorAt)).toEqual([0.1, 1, 10]));
  it('finds back to where it stood', () => {
    for (let position = -1; position <= 1; position += 0.05) expect(positionOf(factorAt(position))).toBeCloseTo(position, 1);
  });
});

describe('what was done', () => {
  it('is read with its time and end', () => {
    expect(deed('{ at: 12.5s, for: 30s, kill: { service: web, instances: 1 } }', 4)).toMatchObject({ id: 4, at_s: 12.5, until_s: 42.5, kind: 'kill' });
    expect(deed('{ at: 1m, pin: { service: web } }', 0)).toMatchObject({ at_s: 60, until_s: Infinity, kind: 'pin' });
    expect(deed('{ at: 2s, delay: { call: a -> b, add: "lognormal(mean=1ms, cv=2)" }, for: 500ms }', 0).until_s).toBe(2.5);
  });

  it('can be ended while it lasts, but not what runs its course', () => {
    expect(canEnd(deed('{ at: 1s, for: 10s, pause: { service: q } }', 0), 5)).toBe(true);
    expect(canEnd(deed('{ at: 1s, for: 10s, pause: { service: q } }', 0), 12)).toBe(false);
    expect(canEnd(deed('{ at: 1s, flush: { service: q } }', 0), 5)).toBe(false);
  });

  it('holds the load, unless it was ended, is a shape, or of one workload', () => {
    const deeds = ['{ at: 1s, load: { factor: 2 }, for: 3s }', '{ at: 4s, load: { factor: 3.5 } }', '{ at: 5s, load: { factor: 9, workload: a } }', '{ at: 6s, for: 10s, load: { factor: 5 } }'].map(deed);
    expect(heldLoad(deeds)).toEqual({ id: 1, factor: 3.5 });
    expect(heldLoad(deeds.slice(0, 1))).toBeNull();
  });

  it.each([['250us', 250e-6], ['1.5ms', 1.5e-3], ['2h', 7200], ['soon', null]])('reads %s', (text, value) => {
    if (value === null) expect(seconds(text)).toBeNull();
    else expect(seconds(text)).toBeCloseTo(value, 12);
  });
});

describe('settings', () => {
  const calls = { kind: 'edge', from: 'web', to: 'db', fromUsers: false } as const;
  it('are of whoever has them', () => {
    expect(knobs(web, true)?.list.map((it) => it.key)).toEqual(['instances', 'workers', 'queue']);
    expect(knobs(calls, true)?.whose).toEqual(['call', 'web -> db']);
    expect(knobs({ ...calls, from: 'people', fromUsers: true }, true)?.whose).toEqual(['workload', 'people']);
    expect(knobs(calls, false)).toBeNull();
    expect(knobs({ kind: 'zone', name: 'a', others: [] }, true)).toBeNull();
  });

  it('are at first what the file says', () => {
    const [node, edge] = [topology.nodes[1]!, topology.edges[1]!];
    expect(said({ ...node, workers: 8, queue: null })).toEqual({ instances: '2', workers: '8', queue: 'unlimited' });
    expect(said({ ...edge, timeout: '50ms', retry: null })).toEqual({ timeout: '50ms', retry: null, breaker: 'none' });
    expect(said({ ...topology.nodes[0]!, timeout: '2s', retry: '1', breaker: 'none' })).toEqual({ timeout: '2s', retry: '1', breaker: 'none' });
  });

  it('are sent if they were written and are others', () =>
    expect(written({ timeout: ' 50ms', retry: ' ', breaker: 'none ' }, { timeout: '50ms', retry: '2', breaker: null })).toEqual({ breaker: 'none' }));

  it.each([
    [{ workers: '20' }, ['service', 'web'], 'set: { service: web, workers: 20 }'],
    [{ timeout: '50ms', retry: '2' }, ['call', 'web -> db'], 'set: { call: web -> db, timeout: 50ms, retry: 2 }'],
    [{ retry: 'none', breaker: '50%' }, ['workload', 'people'], 'set: { workload: people, retry: none, breaker: { failures: 50% } }'],
    [{ breaker: 'none' }, ['call', 'a -> b'], 'set: { call: a -> b, breaker: none }'],
    [{ breaker: '{ failures: 50%, open: 1s }' }, ['call', 'a -> b'], 'set: { call: a -> b, breaker: { failures: 50%, open: 1s } }'],
  ] as [Record<string, string>, [string, string], string][])('are set as written: %o', (values, whose, text) => expect(asText(change(whose, values))).toBe(text));

  it('reach the server as JSON, and mistakes whole', () => {
    const set = (retry: string) => change(['call', 'a -> b'], { retry })['set'];
    const call = 'a -> b';
    expect(set('{ attempts: 2, on: [error, timeout], budget: { share: 10% } }')).toEqual({
      call, retry: { attempts: '2', on: ['error', 'timeout'], budget: { share: '10%' } },
    });
    expect(set('{ attempts: 2, elsewhere }')).toEqual({ call, retry: { attempts: '2', elsewhere: '' } });
    expect(set('{ attempts: 2, budget: { share: 10% }')).toEqual({ call, retry: { attempts: '2', budget: '{ share: 10%' } });
    expect(set('{ attempts: 2')).toEqual({ call, retry: '{ attempts: 2' });
  });

  it('hold from when they were set until they are ended', () => {
    const deeds = [
      '{ at: 1s, set: { call: web -> db, timeout: 1ms, retry: { attempts: 2, budget: 10% } } }',
      '{ at: 2s, set: { call: web -> db, retry: none }, for: 3s }',
      '{ at: 3s, set: { call: web -> other, retry: 1 } }',
      '{ at: 4s, for: 9s, set: { timeout: 5ms, call: web->db } }',
      '{ at: 30s, set: { call: web/home -> db, breaker: none } }',
    ].map(deed);
    const whose: [string, string] = ['call', 'web -> db'];
    const file = { timeout: '1s', retry: '1', breaker: '{ failures: 50% }' };
    const texts = (now_s: number) => held(deeds, whose, now_s).map((it) => it.text);
    const now = (now_s: number) => holding(file, held(deeds, whose, now_s));
    const first = 'timeout: 1ms, retry: { attempts: 2, budget: 10% }';
    expect(texts(4)).toEqual([first, 'retry: none', 'timeout: 5ms']);
    expect(texts(20)).toEqual([first]);
    expect(texts(30)).toEqual([first, 'call: web/home -> db, breaker: none']);
    expect(held(deeds, ['service', 'db'], 4)).toEqual([]);
    expect(now(0)).toEqual(file);
    expect(now(4)).toEqual({ ...file, timeout: '5ms', retry: 'none' });
    expect(now(20)).toEqual({ ...file, timeout: '1ms', retry: '{ attempts: 2, budget: 10% }' });
    // Of one endpoint of several.
    expect(now(30)).toEqual({ timeout: '1ms', retry: '{ attempts: 2, budget: 10% }', breaker: null });
  });
});
