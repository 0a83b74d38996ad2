import { describe, expect, it } from 'vitest';
import type { Frame } from '../src/api/frames';
import type { Flame, Heat } from '../src/api/types';
import { NODE_COLUMNS } from '../src/api/frames';
import { boxes, step } from '../src/dock/flame';
import { binOf, histogram, modes, quantile, used } from '../src/dock/histogram';
import { grow } from '../src/dock/latencies.svelte';
import { causeOf, waterfall } from '../src/dock/spans';
import { sorted, type Row } from '../src/dock/table';
import { logTicks, timeTicks } from '../src/dock/ticks';
import { History } from '../src/state/history';
import { clock, count, duration, share } from '../src/text/format';
import { topology } from './shop';

describe('numbers', () => {
  it.each([[0, '0'], [5, '5'], [12.34, '12.3'], [999.4, '999'], [1234, '1234'], [12345, '12.3 k'], [2.5e6, '2.5 M'], [NaN, '–'], [null, '–']])('%s is %s', (x, text) => expect(count(x)).toBe(text));
  it.each([[0.0000012, '1.2 µs'], [0.0184, '18.4 ms'], [0.9999, '1 s'], [1.5, '1.5 s'], [600, '10:00'], [undefined, '–']])('%s s is %s', (x, text) => expect(duration(x)).toBe(text));
  it.each([[0.5, '50%'], [0.00001, '<0.01%'], [0.1234, '12.3%'], [1, '100%']])('%s is %s', (x, text) => expect(share(x)).toBe(text));
  it.each([[7, '0:07'], [3723.25, '1:02:03']])('%s s is %s on the clock', (x, text) => expect(clock(x)).toBe(text));
});

describe('the histogram', () => {
  const heat = { time_s: [1, 2, 3], covers_s: 1, bounds_s: [1, 2, 4, 8], counts: [[1, 0, 0], [2, 3, 0], [0, 0, 4]] };
  it('is of the seconds looked at', () => {
    expect(histogram(heat, 1, 2)).toMatchObject({ counts: [3, 3, 0], total: 6 });
    expect(histogram(heat, 3, 3).counts).toEqual([0, 0, 4]);
  });
  it('has quantiles, spread evenly on the logarithmic axis within a bin', () => {
    const all = histogram(heat, 0, Infinity);
    expect([0.3, 0.6, 1].map((it) => quantile(all, it))).toEqual([2, 4, 8]);
    expect(quantile(all, 0.8)).toBeCloseTo(Math.sqrt(32), 9);
    expect(quantile(histogram(heat, 9, 9), 0.5)).toBeNull();
  });
  it('shows what is used', () => expect([used([0, 0, 1, 0, 2, 0, 0]), used([0, 0])]).toEqual([[1, 5], [0, 0]]));
  it('finds two modes in two hills, and one in a hill that trembles', () => {
    const hill = (centre: number, height: number) => (bin: number) => Math.round(height * Math.exp(-((bin - centre) ** 2) / 18));
    const bins = Array.from({ length: 60 }, (_, bin) => bin);
    const [left, right] = [hill(15, 1000), hill(42, 80)];
    expect(modes(bins.map((bin) => left(bin) + right(bin)))).toEqual([15, 42]);
    expect(modes(bins.map((bin) => left(bin) + (bin % 2) * 20))).toHaveLength(1);
  });
  it('finds no valley where chance may have dug it', () => {
    const twoHills = (height: number) => Array.from({ length: 40 }, (_, bin) => Math.round(height * Math.exp(-((bin - 12) ** 2) / 18) + height * Math.exp(-((bin - 26) ** 2) / 18)));
    expect(modes(twoHills(3))).toHaveLength(1);
    expect(modes(twoHills(300))).toEqual([12, 26]);
  });
  it('places a latency between bounds', () => {
    const bounds = Array.from({ length: 257 }, (_, bin) => 1e-5 * 10 ** (bin / 32));
    expect([binOf(bounds, 1e-5), binOf(bounds, 1e-3), binOf(bounds, 10)].map((it) => it.toFixed(9))).toEqual(['0.000000000', '64.000000000', '192.000000000']);
  });
});

describe('latencies', () => {
  const heat = (time_s: number[], covers_s = 1): Heat => ({ time_s, covers_s, bounds_s: [1, 2], counts: time_s.map((it) => [it]) });
  it('grow by what is new, and the last column is fetched again', async () => {
    const asked: number[] = [];
    const grown = await grow(heat([1, 2, 3]), async (after) => (asked.push(after), heat([3, 4, 5])));
    expect(asked).toEqual([2]);
    expect(grown).toEqual(heat([1, 2, 3, 4, 5]));
  });
  it('are fetched whole at first, when the run began again, and when columns were joined', async () => {
    const whole = heat([1]);
    const fetch = (rest: Heat) => async (after: number) => (after === 0 ? whole : rest);
    expect(await grow(null, fetch(heat([])))).toBe(whole);
    expect(await grow(heat([1, 2, 3]), fetch(heat([])))).toBe(whole);
    expect(await grow(heat([1, 2, 3]), fetch(heat([4], 2)))).toBe(whole);
  });
});

describe('axes', () => {
  it.each([[10, 8, [0, 2, 4, 6, 8, 10]], [61, 8, [0, 10, 20, 30, 40, 50, 60]], [3600, 5, [0, 900, 1800, 2700, 3600]], [86400, 4, [0, 43200, 86400]]])('%s s, at most %s', (end, most, ticks) =>
    expect(timeTicks(end, most)).toEqual(ticks));
  it.each([[0.0013, 0.042, 6, [0.002, 0.005, 0.01, 0.02]], [0.0013, 0.042, 3, [0.003, 0.01, 0.03]], [0.0013, 0.042, 1, [0.01]], [0.02, 0.06, 9, [0.02, 0.03, 0.04, 0.05, 0.06]], [0.00001, 1000, 2, [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000]]])('from %s to %s, at most %s', (from, to, most, ticks) =>
    expect(logTicks(from, to, most)).toEqual(ticks));
});

describe('a trace', () => {
  const span = (parent: number | null, start_s: number, end_s: number) =>
    ({ parent, service: 's', instance: 0, name: 'n', side: 'server', start_s, end_s, end: 'ok', critical_s: 0, parts: [] });
  it('has callers above callees, in order of time', () => {
    const trace = { id: '1', spans: [span(null, 1, 9), span(0, 5, 8), span(0, 2, 4), span(2, 3, 4)] };
    const { rows, start_s, end_s } = waterfall(trace);
    expect(rows.map((row) => [row.index, row.depth])).toEqual([[0, 0], [2, 1], [3, 2], [1, 1]]);
    expect([start_s, end_s]).toEqual([1, 9]);
  });
  it('may be as deep as it likes', () => {
    const spans = Array.from({ length: 50_000 }, (_, at) => span(at === 0 ? null : at - 1, at, 50_000));
    expect(waterfall({ id: '1', spans }).rows.at(-1)!.depth).toBe(49_999);
  });
  it.each([['core', 'waiting'], ['network', 'network'], ['work', 'working'], ['wait', 'working'], ['call', 'calling']])('tells %s as %s', (cause, kind) => expect(causeOf(cause)).toBe(kind));
});

describe('the flame graph', () => {
  it('gives each its share, and leaves out what cannot be seen', () => {
    const leaf = (name: string, value_s: number) => ({ name, value_s, self_s: value_s, children: [] });
    const root = { name: 'all', value_s: 10, self_s: 1, children: [leaf('a', 6), leaf('b', 2.999), leaf('c', 0.001)] };
    const laid = boxes(root, 100).map((box) => [box.flame.name, box.depth, box.left, Math.round(box.width)]);
    expect(laid).toEqual([['all', 0, 0, 100], ['b', 1, 60, 30], ['a', 1, 0, 60]]);
  });
  it('is walked by arrows', () => {
    const node = (name: string, value_s: number, ...children: Flame[]): Flame => ({ name, value_s, self_s: 0, children });
    const laid = boxes(node('all', 10, node('a', 4, node('c', 1), node('d', 3)), node('b', 6)), 100);
    const walk = (...arrows: string[]) => arrows.reduce((at, arrow) => step(laid, at, `Arrow${arrow}`), laid[0]!).flame.name;
    expect([walk('Down'), walk('Down', 'Left'), walk('Down', 'Left', 'Down'), walk('Down', 'Left', 'Down', 'Left', 'Up')]).toEqual(['b', 'a', 'd', 'a']);
    expect([walk('Up'), walk('Left'), walk('Down', 'Right'), walk('Down', 'Down')]).toEqual(['all', 'all', 'b', 'b']);
  });
});

describe('the table', () => {
  const row = (name: string, rate: number) => ({ name, rate }) as Row;
  it('puts what is not known last, either way', () => {
    const all = [row('b', NaN), row('c', 1), row('a', 2), row('d', 1)];
    expect(sorted(all, 'rate', true).map((it) => it.name)).toEqual(['c', 'd', 'a', 'b']);
    expect(sorted(all, 'rate', false).map((it) => it.name)).toEqual(['a', 'c', 'd', 'b']);
  });
});

describe('history', () => {
  const second = (time_s: number, rate: number): Frame => ({
    kind: 'second', whole: true, time_s, covers_s: 1, number: 0, nodes: Uint32Array.of(0, 1), edges: new Uint32Array(),
    node: Object.fromEntries(NODE_COLUMNS.map((name) => [name, Float32Array.of(0, name === 'rate' ? rate : NaN)])) as Frame['node'],
    edge: {} as Frame['edge'],
  });
  const setUp = async () => {
    let fetched = 0;
    const history = new History(async () => ({ time_s: [++fetched], rate: [fetched] }));
    history.know(topology);
    await history.of('web');
    return history;
  };
  it('grows by the seconds of the stream', async () => {
    const history = await setUp();
    history.take(second(2, 20));
    expect(await history.of('web')).toMatchObject({ time_s: [1, 2], rate: [1, 20], queue: [null] });
  });
  it('is fetched anew when a second is missing', async () => {
    const history = await setUp();
    history.take(second(5, 50));
    expect((await history.of('web')).time_s).toEqual([2]);
  });
  it('takes no second twice', async () => {
    const history = await setUp();
    history.take(second(1, 10));
    expect((await history.of('web')).time_s).toEqual([1]);
  });
});
