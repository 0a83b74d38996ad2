import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idOf, Lab, test, text, until } from './lab';

const BROKEN = `architecture: broken
services:
  web: { instances: 1, workers: 5, do: [ { work: exp(1ms) }, { wait: exp(20ms) } ] }
workload:
  people: { rate: 230/s, to: web }
slo:
  - people p99 < 30ms
  - people errors < 50%
`;

describe('4: the numbers', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('are charts of the users, and of what is selected', async () => {
    const page = await lab.page();
    await page.getByRole('figure', { name: /^Throughput/ }).waitFor();
    const titles = () => page.locator('figure figcaption b').allTextContents();
    expect(await titles()).toEqual(['Throughput', 'Errors', 'Latency', 'Utilisation', 'Queues', 'Retries']);
    await page.goto(`${page.url()}&selected=web`);
    await page.reload();
    await until('of the service', titles, (it) => it.includes('Instances'));
  });

  it('are those of the server', async () => {
    const page = await lab.page();
    await until('seconds', () => lab.runOf(page), (run) => run.time_s > 3);
    await test(page, 'pause').click();
    await until('paused', () => lab.runOf(page), (run) => run.state === 'paused');
    const series = await lab.series(page, 'shoppers');
    const sent = Math.round(series['rate']!.at(-1)!);
    await until('the same', text(test(page, 'stats').first().locator('[data-stat=rate]')), (it) => it === `${sent}/s`);
    await test(page, 'pause').click();
    await until('it goes on', () => lab.runOf(page), (run) => run.state === 'running');
  });

  it('are brushed: a stretch of time narrows the events and the histogram', async () => {
    const page = await lab.page('#tab=latency');
    await until('seconds', () => lab.runOf(page), (run) => run.time_s > 6);
    // What happens now is outside of the stretch.
    await lab.post(`runs/${idOf(page)}/happenings`, { pause: { service: 'memcache' }, for: '1s' });
    await until('it is known', async () => (await lab.get<unknown[]>(`runs/${idOf(page)}/events?after=0`)).length, (it) => it > 0);
    // The strip of time grows no more: it stays outside.
    await lab.post(`runs/${idOf(page)}/control`, { paused: true });
    const answers = async () => {
      const [, n, thousands] = /([\d.]+)( k)? answers/.exec(await text(test(page, 'histogram-of'))()) ?? [];
      return Number(n) * (thousands ? 1000 : 1);
    };
    const all = await until('answers', answers, (it) => it > 0);
    const { width, height, x, y } = (await test(page, 'scrubber').boundingBox())!;
    await page.keyboard.down('Shift');
    await page.mouse.move(x + 0.2 * width, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + 0.6 * width, y + height / 2, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await until('the stretch', text(test(page, 'histogram-of')), (it) => / to /.test(it));
    await until('fewer answers', answers, (it) => it > 0 && it < all);
    expect(new URL(page.url()).hash).toContain('range=');
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('Nothing happened in this time.').waitFor();
    await lab.post(`runs/${idOf(page)}/control`, { paused: false });
  });

  it('have events that take one back to their second', async () => {
    const page = await lab.page('#tab=events');
    await lab.post(`runs/${idOf(page)}/happenings`, { pause: { service: 'mysql' }, for: '1s' });
    await test(page, 'events').getByText('mysql').first().waitFor();
    await test(page, 'events').locator('tbody tr').last().getByRole('button').first().click();
    await until('that second', text(test(page, 'looked-at')), (it) => it !== 'Live');
  });

  it('turn red with the reason when an objective is broken', async () => {
    const { id } = await (await lab.post('runs', { text: BROKEN, pace: 0, for_s: 60 })).json() as { id: string };
    const page = await lab.page(`#run=${id}&tab=why`);
    const slo = test(page, 'slo').locator('li');
    await until('one is broken', () => test(page, 'slo').locator('li.broken').allTextContents(), (it) => it.length === 1 && it[0]!.includes('p99 < 30ms'));
    expect(await slo.count()).toBe(2);
    // What it waits for in front of the workers is what those who hold them do.
    await until('the reason', () => slo.first().textContent(), (it) => /mostly\s+web, its own waits/.test(it ?? ''));
    await page.getByText('people p99 < 30ms is broken').waitFor();
  });
});
