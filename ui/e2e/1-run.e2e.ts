import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocketRoute } from 'playwright-core';
import type { Run } from '../src/api/types';
import { clocked, idOf, Lab, test, text, until } from './lab';

describe('1: a run goes, waits, steps, begins again and is looked back at', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('is paused and goes on', async () => {
    const page = await lab.page();
    await until('time passes', text(test(page, 'time')), (it) => clocked(it) > 1);
    await test(page, 'pause').click();
    await until('paused', () => lab.runOf(page), (run) => run.state === 'paused');
    await until('it says so', text(test(page, 'state')), (it) => it === 'Paused');
    const stood = (await lab.runOf(page)).time_s;
    await page.keyboard.press('Space');
    await until('goes on', () => lab.runOf(page), (run) => run.state === 'running' && run.time_s > stood);
  });

  it('goes a second on', async () => {
    const page = await lab.page();
    await lab.post(`runs/${idOf(page)}/control`, { paused: true });
    const before = await until('paused', () => lab.runOf(page), (run) => run.state === 'paused');
    await test(page, 'step').click();
    const after = await until('a second later', () => lab.runOf(page), (run) => run.time_s > before.time_s && run.state === 'paused');
    expect(after.time_s - before.time_s).toBeCloseTo(1, 6);
    await until('it is shown', text(test(page, 'time')), (it) => Math.abs(clocked(it) - after.time_s) < 0.11);
  });

  it('goes as fast as asked', async () => {
    const page = await lab.page();
    await lab.post(`runs/${idOf(page)}/control`, { paused: false });
    await test(page, 'pace').selectOption('10');
    await until('the pace', () => lab.runOf(page), (run) => run.pace === 10);
    const { time_s } = await lab.runOf(page);
    await until('it is faster', () => lab.runOf(page), (run) => run.time_s > time_s + 50);
  });

  it('begins again with another seed', async () => {
    const page = await lab.page();
    await page.getByRole('button', { name: 'Restart' }).first().click();
    await page.getByLabel('Seed').fill('42');
    await test(page, 'restart-seed').click();
    const run = await until('another seed', () => lab.runOf(page), (it: Run) => it.seed === 42);
    expect(run.time_s).toBeLessThan(30);
  });

  it('is looked back at, second by second, and forward to now', async () => {
    const page = await lab.page();
    await until('some seconds', () => lab.runOf(page), (run) => run.time_s > 5);
    const { width, height } = (await test(page, 'scrubber').boundingBox())!;
    await test(page, 'scrubber').click({ position: { x: width / 2, y: height / 2 } });
    const looked = await until('a second', text(test(page, 'looked-at')), (it) => it !== 'Live');
    expect(new URL(page.url()).hash).toContain(`at=${clocked(looked)}`);
    await page.keyboard.press(']');
    await until('the next', text(test(page, 'looked-at')), (it) => clocked(it) === clocked(looked) + 1);
    await test(page, 'live').click();
    await until('now', text(test(page, 'looked-at')), (it) => it === 'Live');
  });

  it('is seen by two browsers at once', async () => {
    const [one, two] = [await lab.page(), await lab.page()];
    expect(idOf(one)).toBe(idOf(two));
    await test(one, 'pause').click();
    await until('the other hears of it', text(test(two, 'state')), (it) => it === 'Paused');
    await test(two, 'pause').click();
    await until('and the first', text(test(one, 'state')), (it) => it === 'Running');
  });

  it('comes back by itself after the line was cut, and has missed nothing', async () => {
    const page = await lab.page();
    const lines: WebSocketRoute[] = [];
    await page.routeWebSocket(/stream$/, (line) => void lines.push(line, line.connectToServer()));
    await page.reload();
    await until('it is seen to go on', text(test(page, 'time')), (it) => clocked(it) > 0);
    await page.context().setOffline(true);
    await Promise.all(lines.map((line) => line.close()));
    await page.getByText('Connecting…').waitFor();
    await lab.post(`runs/${idOf(page)}/happenings`, { pause: { service: 'mysql' }, for: '1s' });
    const { time_s } = await lab.runOf(page);
    await page.context().setOffline(false);
    await until('it catches up', text(test(page, 'time')), (it) => clocked(it) > time_s + 1);
    await page.getByRole('tab', { name: 'Events' }).click();
    await test(page, 'events').getByText('mysql').first().waitFor();
  });
});
