import { describe, expect, it } from 'vitest';
import { crossing, dice, dotCounts, ERROR, kindOf, movingMax, normal, OK, PER_LINK, phase, RETRY, SLOW, slowShare, updateUsual } from '../../src/map/dots';

describe('density', () => {
  it('is as the square root of the rate', () => {
    expect([...dotCounts([100, 25, 0], 100, 1000)]).toEqual([PER_LINK, PER_LINK / 2, 0]);
  });

  it('shows one dot at least where anything moves', () => {
    expect([...dotCounts([1e-6, 1e6], 1e6, 1000)]).toEqual([1, PER_LINK]);
  });

  it('keeps to the cap and shares it fairly', () => {
    const counts = dotCounts(Array.from({ length: 3000 }, () => 5), 5, 2000);
    const sum = counts.reduce((a, b) => a + b, 0);
    expect(sum).toBeGreaterThan(1990);
    expect(sum).toBeLessThanOrEqual(2000);
    // Any tenth of equal links gets a tenth of the dots.
    expect(counts.slice(0, 300).reduce((a, b) => a + b, 0)).toBeGreaterThan(195);
  });

  it('is against a maximum that is forgotten within minutes', () => {
    expect(movingMax(100, [40], 0)).toBe(100);
    expect(movingMax(100, [400], 1)).toBe(400);
    expect(movingMax(100, [1], 20)).toBeCloseTo(50);
  });
});

describe('a dot', () => {
  it('lies evenly with any number of others', () => {
    for (const n of [5, 13, 44]) {
      const places = Array.from({ length: n }, (_, k) => phase(k)).sort((a, b) => a - b);
      const gaps = places.map((place, i) => (places[i + 1] ?? places[0]! + 1) - place);
      // The three-gap theorem: at the golden ratio the widest gap is less than 2.7 times the mean.
      expect(Math.max(...gaps) * n).toBeLessThan(2.7);
    }
  });

  it('shares outcomes out as they are', () => {
    const kinds = Array.from({ length: 64 }, (_, k) => kindOf(k, 0.25, 0.125, 0.125));
    const of = (kind: number): number => kinds.filter((one) => one === kind).length;
    for (const [kind, wanted] of [[ERROR, 16], [RETRY, 8], [SLOW, 8], [OK, 32]] as const) expect(Math.abs(of(kind) - wanted)).toBeLessThanOrEqual(2);
    expect(Array.from({ length: 64 }, (_, k) => kindOf(k, 0, 0, 0))).toEqual(Array(64).fill(OK));
    expect(new Set(Array.from({ length: 1000 }, (_, k) => dice(k))).size).toBe(1000);
  });

  it('goes slower the longer the call takes', () => {
    const times = [1e-4, 1e-3, 1e-2, 0.1, 1].map(crossing);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(crossing(NaN)).toBeGreaterThan(0);
    expect(crossing(1e9)).toBeLessThanOrEqual(9);
  });
});

describe('what is slow', () => {
  it('is beyond four times the usual median, of a lognormal distribution', () => {
    // The 99th percentile at four times the median: one in a hundred is slower.
    expect(slowShare(0.01, 0.04, 0.01)).toBeCloseTo(0.01, 4);
    expect(slowShare(0.04, 0.1, 0.01)).toBeCloseTo(0.5, 4);
    expect(slowShare(0.01, 0.01, 0.01)).toBe(0);
    expect(slowShare(NaN, 1, 1)).toBe(0);
    expect(slowShare(1, 2, 0)).toBe(0);
  });

  it('uses the normal distribution', () => {
    expect(normal(0)).toBeCloseTo(0.5, 6);
    expect(normal(1.959964)).toBeCloseTo(0.975, 6);
    expect(normal(-2.326348)).toBeCloseTo(0.01, 6);
  });

  it('learns what is usual at once downwards and slowly upwards', () => {
    const usual = new Float32Array([0, 2, 2, 2]);
    updateUsual(usual, [5, 1, 8, NaN], 1);
    expect(usual[0]).toBe(5);
    expect(usual[1]).toBe(1);
    expect(usual[2]).toBeCloseTo(2.01, 4);
    expect(usual[3]).toBe(2);
  });
});
