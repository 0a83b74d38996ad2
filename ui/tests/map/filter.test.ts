import { describe, expect, it } from 'vitest';
import { parseFilter, type Subject } from '../../src/map/filter';

const cart: Subject = { name: 'cart', zones: ['us-east-1/a', 'us-east-1/b'], rate: 1500, err: 0.02, util: 0.4, queue: 3, p99: 0.25, instances: 6 };
const mysql: Subject = { ...cart, name: 'mysql', zones: ['eu/c'], rate: 90, err: 0, util: 0.95, queue: 40, p99: 2, instances: 2 };

function matches(text: string, subject: Subject): boolean {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error}`);
  return parsed.filter!(subject);
}

function mistake(text: string): { error: string; at: number } {
  const parsed = parseFilter(text);
  if (parsed.ok) throw new Error(`“${text}” has no mistake`);
  return { error: parsed.error, at: parsed.at };
}

describe('a filter', () => {
  it.each([
    ['err > 1%', true, false],
    ['err > 1% and name ~ cart', true, false],
    ['err>1% name~CART', true, false],
    ['util >= 90% or err > 1', true, true],
    ['util > 90', false, true],
    ['rate >= 1.5k', true, false],
    ['rate < 100/s', false, true],
    ['p99 <= 250ms', true, false],
    ['p99 = 2', false, true],
    ['not name = cart', false, true],
    ['not (queue > 10 or instances = 6)', false, false],
    ['zone = a', true, false],
    ['zone = us-east-1/b', true, false],
    ['zone ~ eu', false, true],
    ['name !~ sql', true, false],
    ['art', true, false],
    ['"cart"', true, false],
    ['name != cart and instances != 6', false, true],
    // «and» binds closer than «or».
    ['name = cart or name = mysql and err > 1%', true, false],
  ])('%s', (text, ofCart, ofMysql) => {
    expect([matches(text, cart), matches(text, mysql)]).toEqual([ofCart, ofMysql]);
  });

  it('is none where there is no text', () => {
    expect(parseFilter('  ')).toEqual({ ok: true, filter: null });
  });

  it.each([
    ['latency > 1s', 0, 'no field “latency”'],
    ['err >', 5, 'a value is missing'],
    ['err > lots', 6, 'no number'],
    ['err > 5 parsecs > 3', 8, 'no field “parsecs”'],
    ['rate ~ 5', 5, 'compare it with >'],
    ['name > a', 5, 'compare it with ='],
    ['(err > 1%', 0, 'not closed'],
    ['err > 1%)', 8, 'closes nothing'],
    ['name ~ "cart', 7, 'quote is not closed'],
    ['and cart', 0, 'something is missing before'],
    ['not', 3, 'missing at the end'],
    ['cart or', 7, 'missing at the end'],
    ['> 5', 0, 'missing before'],
  ])('says what is wrong with %s', (text, at, part) => {
    const found = mistake(text);
    expect(found.error).toContain(part);
    expect(found.at).toBe(at);
  });

  it('never fails in another way', () => {
    const words = ['err', '>', '1%', '(', ')', 'and', 'or', 'not', '"', '~', 'name', 'x', '=', '!', '5ms', '<='];
    let state = 7;
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: round % 7 }, () => words[(state = (Math.imul(state, 1103515245) + 12345) >>> 0) % words.length]).join(' ');
      const parsed = parseFilter(text);
      if (!parsed.ok) expect(parsed.at).toBeLessThanOrEqual(text.length);
      else parsed.filter?.(cart);
    }
  });
});
