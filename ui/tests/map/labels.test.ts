import { expect, it } from 'vitest';
import { overlap, placeLabels, type LabelWish } from '../../src/map/labels';

const wish = (key: string, x: number, y: number, priority: number): LabelWish => ({ key, x, y, r: 6, width: 60, height: 15, priority });

function scattered(n: number): LabelWish[] {
  let state = 3;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
  return Array.from({ length: n }, (_, i) => wish(`n${i}`, next() * 1280, next() * 720, next()));
}

it('covers neither labels nor obstacles, and stays in view', () => {
  const wishes = scattered(400);
  const obstacles = [{ x: 0, y: 600, w: 300, h: 120 }, ...wishes.map(({ x, y, r }) => ({ x: x - r, y: y - r, w: 2 * r, h: 2 * r }))];
  const placed = placeLabels(wishes, obstacles, 1280, 720, new Map());
  expect(placed.length).toBeGreaterThan(80);
  const rects = placed.map(({ x, y, index }) => ({ x, y, w: wishes[index]!.width, h: wishes[index]!.height }));
  rects.forEach((rect, i) => {
    expect(rect.x >= 0 && rect.y >= 0 && rect.x + rect.w <= 1280 && rect.y + rect.h <= 720).toBe(true);
    expect([...rects.slice(i + 1), ...obstacles].filter((other) => overlap(rect, other))).toEqual([]);
  });
});

it('prefers what matters more', () => {
  const block = Array.from({ length: 30 }, (_, i) => wish(`n${i}`, 300, 300, i));
  const placed = placeLabels(block, [], 600, 600, new Map());
  expect(placed[0]!.index).toBe(29);
  expect(placed.length).toBeLessThan(6);
});

it('keeps what stood, where it stood, while priorities waver', () => {
  const wishes = scattered(300);
  const first = placeLabels(wishes, [], 1280, 720, new Map());
  const stood = new Map(first.map(({ index, side }) => [wishes[index]!.key, side]));
  const wavering = wishes.map((one, i) => ({ ...one, priority: one.priority * (i % 2 ? 1.03 : 0.97) }));
  const again = placeLabels(wavering, [], 1280, 720, stood);
  const same = again.filter(({ index, side }) => stood.get(wishes[index]!.key) === side).length;
  expect(same / first.length).toBeGreaterThan(0.93);
});

it('stands aside at the rim rather than vanish', () => {
  const [only] = placeLabels([wish('a', 1270, 300, 1)], [], 1280, 720, new Map());
  expect(only!.x + 60).toBeLessThanOrEqual(1280);
});
