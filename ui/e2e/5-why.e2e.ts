import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Trace, TraceSummary } from '../src/api/types';
import { idOf, Lab, test, text, until } from './lab';

describe('5: why', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('lists the slowest traces, and opens one', async () => {
    const page = await lab.page('#tab=traces');
    const slowest = () => lab.get<TraceSummary[]>(`runs/${idOf(page)}/traces?pick=slowest`);
    await until('traces', slowest, (it) => it.length > 3);
    await test(page, 'pause').click();
    const row = page.locator('[data-trace]').first();
    await row.click();
    await until('the link says which', async () => page.url(), (it) => it.includes('trace='));
    const id = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('trace')!;
    const trace = await lab.get<Trace>(`runs/${idOf(page)}/traces/${id}`);
    await page.getByRole('application', { name: new RegExp(`Trace ${id}: ${trace.spans.length} spans`) }).waitFor();
    await page.reload();
    await test(page, 'waterfall').waitFor();
  });

  it('shows all of them as a flame graph', async () => {
    const page = await lab.page('#tab=traces&flame=1');
    await test(page, 'flame').waitFor();
  });

  it('has failed ones only when some have failed', async () => {
    const page = await lab.page('#tab=traces');
    await page.locator('[data-pick=failed]').click();
    await page.getByText('No request has failed').waitFor();
    await lab.post(`runs/${idOf(page)}/control`, { paused: false });
    await lab.post(`runs/${idOf(page)}/happenings`, { error: { service: 'users', share: '100%' }, for: '5s' });
    await until('failed ones', () => page.locator('[data-trace]').allTextContents(), (it) => it.length > 0 && it.every((row) => row.includes('failed')));
  });

  it('tells what makes the tail, and who is behind it', async () => {
    const page = await lab.page('#tab=why');
    await lab.post(`runs/${idOf(page)}/control`, { paused: false });
    await lab.post(`runs/${idOf(page)}/happenings`, { slow: { service: 'orders', factor: 100 } });
    await until('orders is behind it', text(test(page, 'why').locator('tr').first()), (it) => it.includes('orders'));
    expect(await test(page, 'why').locator('tr').count()).toBeGreaterThan(3);
  });
});
