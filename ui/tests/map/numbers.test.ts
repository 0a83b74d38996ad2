import { describe, expect, it } from 'vitest';
import { between, fit, toScreen, toWorld, zoomAbout } from '../../src/map/camera';
import { EDGE, NODE } from '../../src/map/columns';
import { amount, seconds, share } from '../../src/map/format';
import { spoken } from '../../src/map/mirror';
import { planOf } from '../../src/map/plan';
import { buildScene } from '../../src/map/scene';
import { matching } from '../../src/map/search';
import { Smooth } from '../../src/map/smooth';
import { readTotals, trouble } from '../../src/map/totals';
import { bars } from '../../src/map/buffers';
import type { MapData, Topology } from '../../src/map/types';
import { topologyOf } from './topology';

const topology = topologyOf(
  [{ name: 'users', kind: 'users', zones: [], instances: 0 }, { name: 'web', instances: 4, zones: [[0, 3], [1, 1]] }, { name: 'db', instances: 2, zones: [[0, 1], [1, 1]] }],
  [[0, 1], [1, 2]], ['east', 'west'],
);

function dataOf(of: Topology, time = 1): MapData {
  const [n, e] = [of.nodes.length, of.edges.length];
  const data: MapData = { topology: of, nodes: new Float32Array(12 * n).fill(NaN), edges: new Float32Array(7 * e).fill(NaN), time, paused: false };
  const node = (i: number, values: Partial<Record<keyof typeof NODE, number>>): void => {
    for (const [name, value] of Object.entries(values)) data.nodes[NODE[name as keyof typeof NODE] * n + i] = value;
  };
  const edge = (i: number, values: Partial<Record<keyof typeof EDGE, number>>): void => {
    for (const [name, value] of Object.entries(values)) data.edges[EDGE[name as keyof typeof EDGE] * e + i] = value;
  };
  node(0, { rate: 120, ok: 120, errors: 0, refused: 0 });
  node(1, { rate: 120, ok: 90, errors: 20, refused: 10, utilization: 0.8, queue: 8, up: 4, wanted: 4, p50: 0.01, p99: 0.3 });
  node(2, { rate: 60, ok: 60, errors: 0, refused: 0, utilization: 0.3, queue: 0, up: 1, p50: 0.002, p99: 0.01 });
  edge(0, { rate: 120, ok: 90, errors: 30, timeouts: 0, retries: 12, p50: 0.01, p99: 0.3 });
  edge(1, { rate: 60, ok: 60, errors: 0, timeouts: 0, retries: 0, p50: 0.002, p99: 0.01 });
  return data;
}

describe('totals', () => {
  it('are shared out by instances, and add up again', () => {
    const scene = buildScene(planOf(topology), ['open', 'open'], () => false);
    const { items, links } = readTotals(scene, dataOf(topology), new Float32Array(2));
    const web = scene.items.flatMap((item, i) => (item.label === 'web' ? [items[i]!] : []));
    expect(web.map(({ rate }) => rate)).toEqual([90, 30]);
    expect(web.map(({ err }) => err)).toEqual([0.25, 0.25]);
    expect(links.reduce((sum, { rate }) => sum + rate, 0)).toBeCloseTo(180);
    expect(links[0]!.retry).toBeCloseTo(0.1);
  });

  it('of a region count what comes in, and its busiest service', () => {
    const scene = buildScene(planOf(topology), ['closed', 'closed'], () => false);
    const { items } = readTotals(scene, dataOf(topology), new Float32Array(2));
    expect(items[1]!.rate).toBeCloseTo(90);
    expect(items[1]!.util).toBeCloseTo(0.8);
    expect(items[1]!.up).toBeCloseTo(3.5);
  });

  it('tell trouble by what is wrong', () => {
    const well = { rate: 1, err: 0, util: 0.5, queue: 0, longest: 0, up: 4, wanted: 4, p50: 0.01, p99: 0.1 };
    expect(trouble(well)).toBe(0);
    // Those that are too many are on their way out.
    expect(trouble({ ...well, wanted: 2 })).toBe(0);
    for (const ill of [{ err: 0.05 }, { util: 0.97 }, { up: 3 }, { queue: 50 }]) expect(trouble({ ...well, ...ill })).toBeGreaterThan(0);
    expect(trouble({ ...well, err: 0.5 })).toBeGreaterThan(trouble({ ...well, util: 1 }));
  });

  it('draw a longer tail for a longer queue, and none for none', () => {
    expect(bars(0)).toBe(0);
    expect([0.5, 2, 20, 200].map(bars)).toEqual([0.5, 2, 20, 200].map(bars).sort((a, b) => a - b));
    expect(bars(1e9)).toBe(18);
  });
});

describe('what is shown', () => {
  it('follows the frames within a second and jumps when one looks back', () => {
    const smooth = new Smooth(topology);
    smooth.take(dataOf(topology, 10), 0.1);
    const busier = dataOf(topology, 10.1);
    busier.nodes[NODE.rate * 3 + 1] = 220;
    smooth.take(busier, 0.1);
    expect(smooth.nodes[1]).toBeGreaterThan(120);
    expect(smooth.nodes[1]).toBeLessThan(150);
    for (let k = 0; k < 20; k++) smooth.take({ ...busier, time: 10.2 + k / 10 }, 0.1);
    expect(smooth.nodes[1]).toBeGreaterThan(210);
    smooth.take({ ...dataOf(topology, 3), paused: true }, 0.1);
    expect(smooth.nodes[1]).toBe(120);
  });

  it('is found by expressions', () => {
    expect([...matching('err > 20% and zone = west/b or name = db', dataOf(topology))!]).toEqual([0, 0, 1]);
    expect([...matching('err > 20% and zone ~ west', dataOf(topology))!]).toEqual([0, 1, 0]);
    expect(matching('err >', dataOf(topology))).toBeNull();
    const resized = dataOf(topology);
    resized.nodes[NODE.wanted * topology.nodes.length + 1] = 9;
    expect([...matching('instances = 9', resized)!]).toEqual([0, 1, 0]);
    // As long as the stream has not said: what the file says.
    expect([...matching('instances = 2', resized)!]).toEqual([0, 0, 1]);
  });

  it('is said in words', () => {
    const scene = buildScene(planOf(topologyOf([{ name: 'web', instances: 4 }], [])), ['open'], () => false);
    const now = { rate: 120, err: 0.02, util: 0.8, queue: 0, longest: 0, up: 4, wanted: 4, p50: 0.01, p99: 0.1 };
    expect(spoken(scene.items[0]!, now)).toBe('web: 120 requests a second, 2% errors, 80% busy');
    expect(spoken(scene.items[0]!, { ...now, up: 3, queue: 7 })).toBe('web: 120 requests a second, 2% errors, 80% busy, 7 waiting, 3 of 4 instances up');
  });

  it('is written shortly', () => {
    expect([0, 0.25, 1, 9.96, 12.34, 99.7, 640, 1234, 56_789, 999_600, 2.5e6].map(amount)).toEqual(['0', '0.25', '1', '10', '12.3', '100', '640', '1.2k', '57k', '1M', '2.5M']);
    expect([0, 0.0004, 0.02, 0.123, 1].map(share)).toEqual(['0%', '<0.1%', '2%', '12%', '100%']);
    expect([0.000_25, 0.0042, 0.25, 1.5, NaN].map(seconds)).toEqual(['250µs', '4.2ms', '250ms', '1.5s', '–']);
  });
});

describe('the camera', () => {
  const size = { width: 1280, height: 720 };
  it('keeps what is under the pointer there', () => {
    const before = { x: 40, y: -20, zoom: 0.7 };
    const [wx, wy] = toWorld(before, size, 300, 200);
    const after = zoomAbout(before, size, 300, 200, 2.3);
    const [x, y] = toScreen(after, size, wx, wy);
    expect(x).toBeCloseTo(300);
    expect(y).toBeCloseTo(200);
  });

  it('fits all of it in', () => {
    const bounds = { x: -300, y: 100, w: 5000, h: 900 };
    const camera = fit(bounds, size, 1.5);
    for (const [x, y] of [[-300, 100], [4700, 1000]] as const) {
      const [sx, sy] = toScreen(camera, size, x, y);
      expect(sx > 0 && sx < 1280 && sy > 0 && sy < 720).toBe(true);
    }
  });

  it('flies from one place to another', () => {
    const [a, b] = [{ x: 0, y: 0, zoom: 1 }, { x: 100, y: 50, zoom: 4 }];
    for (const [t, end] of [[0, a], [1, b]] as const) {
      const at = between(a, b, t);
      expect(at.x).toBeCloseTo(end.x);
      expect(at.zoom).toBeCloseTo(end.zoom);
    }
    expect(between(a, { ...b, zoom: 1 }, 0.5).x).toBeCloseTo(50);
  });
});
