import { describe, expect, it } from 'vitest';
import { asCamera, asText } from '../src/state/camera';
import { spread } from '../src/state/past';
import { subject, target } from '../src/state/subject';
import { read, write } from '../src/state/url';
import { topology } from './shop';

const FIRST = read('');

describe('the view in the URL', () => {
  it('is nothing at first', () => expect(write(FIRST)).toBe(''));

  it('comes back as it was', () => {
    const state = { ...FIRST, run: '3', tab: 'traces', selected: 'web->db & more', at: 42, range: [10, 20.5] as [number, number], find: 'err > 1% and name ~ ü', hideHealthy: true, dock: false, flame: true };
    expect(read(write(state))).toEqual(state);
  });

  it.each(['#tab=nonsense', '#at=-3', '#at=soon', '#range=20-10', '#range=7', '#nobody=1', '#%E0%A4%A', '#mode=&level=deep'])(
    'is as if it were not there where it makes no sense: %s',
    (hash) => expect(read(hash)).toEqual(FIRST),
  );

  it('holds the camera', () => {
    const seen = { x: 120, y: -40, zoom: 1.25, depth: 'service' as const, focus: 'a_b_c' };
    expect(asCamera(asText(seen))).toEqual(seen);
    expect(asCamera('')).toBeNull();
    expect(asCamera('1_2_x_world')).toBeNull();
  });
});

describe('a selection', () => {
  it.each([
    ['web', { kind: 'service', name: 'web', node: 1 }],
    ['shoppers', { kind: 'users', name: 'shoppers', node: 0 }],
    ['web->db', { kind: 'edge', name: 'web->db', edge: 1, from: 'web', to: 'db' }],
    ['zone:east/a', { kind: 'zone', name: 'east/a' }],
    ['region:east', { kind: 'region', name: 'east' }],
    ['db->web', null],
    ['nobody', null],
    ['zone:a', null],
    ['zone:nowhere', null],
  ])('%s', (selected, expected) => expect(subject(topology, selected)).toEqual(expected));

  it('of calls from users can be cut off from users', () => {
    const it = subject(topology, 'shoppers->web')!;
    expect(target(topology, it)).toEqual({ kind: 'edge', from: 'shoppers', to: 'web', fromUsers: true });
  });
});

describe('a stretch of time', () => {
  it('is looked at second by second while it is short', () => expect(spread([3, 6], 12)).toEqual([3, 4, 5, 6]));
  it('has both ends when it is long', () => {
    const seconds = spread([0.5, 1000.2], 12);
    expect(seconds).toHaveLength(12);
    expect([seconds[0], seconds.at(-1)]).toEqual([1, 1000]);
  });
  it('has at least one second', () => expect(spread([4.2, 4.8], 12)).toEqual([5]));
});
