import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Topology } from '../src/api/types';
import { idOf, Lab, test, text, until } from './lab';

describe('2: the map', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('names every service to those who do not see it', async () => {
    const page = await lab.page();
    const { nodes } = await lab.get<Topology>(`runs/${idOf(page)}/topology`);
    for (const { name } of nodes) await page.locator('.map-overlay').getByRole('button', { name: new RegExp(`^${name}\\b`) }).first().waitFor({ state: 'attached' });
  });

  it('is walked by keys, and what is selected is inspected', async () => {
    const page = await lab.page();
    await page.locator('.map-canvas').focus();
    await page.keyboard.press('ArrowRight');
    const first = await until('something is selected', text(test(page, 'inspector').locator('h1')), (it) => it !== 'shop');
    await page.keyboard.press('ArrowRight');
    await until('the next along a call', text(test(page, 'inspector').locator('h1')), (it) => it !== first);
    expect(new URL(page.url()).hash).toContain('selected=');
  });

  it('finds what an expression says, and says what is wrong with one', async () => {
    const page = await lab.page();
    await page.keyboard.press('/');
    await page.keyboard.type('rate > ');
    await page.getByText('a value is missing').waitFor();
    await page.keyboard.type('100');
    await page.getByText('a value is missing').waitFor({ state: 'detached' });
    expect(decodeURIComponent(new URL(page.url()).hash)).toContain('find=rate+>+100');
  });

  it('has a grid and a table of the same numbers', async () => {
    const page = await lab.page();
    await test(page, 'grid-mode').click();
    await test(page, 'grid').getByRole('button', { name: /mysql/ }).click();
    await until('selected', text(test(page, 'inspector').locator('h1')), (it) => it === 'mysql');
    await page.getByRole('tab', { name: 'Table' }).click();
    const names = () => test(page, 'table').locator('tbody tr td:first-child').allTextContents();
    await test(page, 'table').getByRole('button', { name: 'Service' }).click();
    const { nodes } = await lab.get<Topology>(`runs/${idOf(page)}/topology`);
    const services = nodes.filter((it) => it.kind === 'service').map((it) => it.name).sort();
    await until('by name', names, (it) => JSON.stringify(it) === JSON.stringify(services));
  });

  it('shows an architecture of thousands', async () => {
    const services = Array.from({ length: 2000 }, (_, at) => `  s${at}: { instances: 50, do: [ { work: exp(1ms) }${at > 0 ? '' : ', { call: s1 }'} ] }`);
    const file = `architecture: large\nservices:\n${services.join('\n')}\nworkload:\n  people: { rate: 10/s, to: s0 }\n`;
    const answer = await lab.post('runs', { text: file, paused: true });
    expect(answer.status).toBe(201);
    const { id } = (await answer.json()) as { id: string };
    const page = await lab.page(`#run=${id}`);
    await until('its size', text(test(page, 'inspector')), (it) => it.includes('2000 services, 100000 instances'));
  });
});
