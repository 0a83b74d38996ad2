import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idOf, Lab, test, until } from './lab';

describe('8: sharing', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('carries the whole in a link', async () => {
    const page = await lab.page();
    await lab.post(`runs/${idOf(page)}/restart`, { seed: 7 });
    await until('its seed', () => lab.runOf(page), (run) => run.seed === 7);
    await lab.post(`runs/${idOf(page)}/happenings`, { pin: { service: 'web' } });
    const [done] = await until('it happened', () => lab.happenings(page), (it) => it.length === 1);
    await until('the page knows', () => page.locator('[data-tab=scenario]').textContent(), (it) => it?.includes('1') ?? false);
    await page.getByRole('button', { name: 'Share' }).click();
    await test(page, 'copy-link').click();
    await page.getByText(/^Link copied/).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link.length).toBeLessThan(8 * 1024 + 64);
    const other = await lab.page(new URL(link).hash);
    await until('a run of its own', async () => idOf(other), (id) => id !== idOf(page));
    expect((await lab.runOf(other)).seed).toBe(7);
    await until('with what was done', () => lab.happenings(other), (it) => it.length === 1 && it[0] === done);
  });

  it('says so when a link was cut off', async () => {
    const page = await lab.page('#open=nonsense');
    await page.getByText('This link cannot be read').waitFor();
  });

  it('saves charts as SVG and PNG', async () => {
    const page = await lab.page();
    const chart = page.getByRole('figure', { name: /^Throughput/ });
    const saved = async (kind: string) => {
      await chart.hover();
      const saving = page.waitForEvent('download');
      await chart.getByRole('button', { name: `as ${kind}` }).click();
      return readFileSync(await (await saving).path());
    };
    const svg = (await saved('SVG')).toString();
    expect(svg).toMatch(/^<svg [\s\S]*Throughput[\s\S]*<\/svg>$/);
    expect((await saved('PNG')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('has a report that opens by itself', async () => {
    const page = await lab.page();
    const answer = await fetch(`${lab.url}/api/runs/${idOf(page)}/report`);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(await answer.text()).not.toMatch(/(src|href)="https?:/);
  });
});
