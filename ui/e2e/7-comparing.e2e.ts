import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../src/api/types';
import { idOf, Lab, test, text, until } from './lab';

describe('7: comparing', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('branches from a second that is looked at, with both maps and the differences', async () => {
    const page = await lab.page();
    await until('seconds', () => lab.runOf(page), (run) => run.time_s > 6);
    await lab.post(`runs/${idOf(page)}/control`, { paused: true });
    await page.goto(`${lab.url}/#run=${idOf(page)}&at=4`);
    await page.reload();
    await test(page, 'branch').click();
    const branched = async () => (await lab.get<Run[]>('runs')).find((run) => run.parent === idOf(page));
    const run = (await until('a branch', branched, (it) => it !== undefined))!;
    expect(run.branched_at_s).toBe(4);
    await test(page, 'beside').waitFor();
    expect(await test(page, 'map').count()).toBe(2);
    expect(new URL(page.url()).hash).toContain(`against=${run.id}`);
    await lab.post(`runs/${run.id}/happenings`, { slow: { service: 'users', factor: 20 } });
    await lab.post(`runs/${run.id}/control`, { paused: false, pace: 0 });
    await lab.post(`runs/${idOf(page)}/control`, { paused: false, pace: 0 });
    await until('the tail differs', text(test(page, 'differences')), (it) => it.includes('differs') && it.includes('p99'));
    await page.getByRole('tab', { name: 'Latency' }).click();
    await page.getByText('Response times').waitFor();
  });

  it('tells the migration step by step', async () => {
    const page = await lab.page();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await test(page, 'story').click();
    await until('the first step', () => lab.runOf(page), (run) => /lamp/i.test(run.name));
    const first = (await lab.runOf(page)).name;
    await test(page, 'story-next').click();
    await until('the second', () => lab.runOf(page), (run) => run.name !== first);
    await until('it says which', text(test(page, 'story-bar')), (it) => it.includes('1-memcache'));
  });
});
