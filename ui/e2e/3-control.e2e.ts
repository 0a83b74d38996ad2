import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { idOf, Lab, test, text, until } from './lab';

describe('3: control', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  const last = (page: Page) => async () => (await lab.happenings(page)).at(-1) ?? '';
  const up = (page: Page, service: string) => async () => {
    const { instances } = await lab.get<{ instances: { health: string }[] }>(`runs/${idOf(page)}/services/${service}`);
    return instances.filter((it) => it.health === 'up').length;
  };

  it('kills an instance, and ends it', async () => {
    const page = await lab.page('#selected=web');
    const before = await up(page, 'web')();
    await test(page, 'inspector').locator('[data-action=kill]').click();
    await until('it is written down', last(page), (it) => it.includes('kill: { service: web, instances: 1 }'));
    await until('it is down', up(page, 'web'), (it) => it === before - 1);
    await until('the page shows it', text(test(page, 'instances')), (it) => it.includes('down'));
    await test(page, 'undo').click();
    await until('it is up again', up(page, 'web'), (it) => it === before);
  });

  it('raises the load, and takes it back', async () => {
    const page = await lab.page();
    const rate = async () => (await lab.series(page, 'shoppers'))['rate']?.at(-1) ?? 0;
    await test(page, 'load').fill('0.5');
    await until('it is written down', last(page), (it) => it.includes('load: { factor: 3.2 }'));
    await until('more is sent', rate, (it) => it > 2000);
    await page.getByRole('button', { name: /Load .* times; back/ }).click();
    await until('it was ended', last(page), (it) => it.includes('load: { factor: 3.2 }, for:'));
    await until('less is sent', rate, (it) => it < 1100);
  });

  it('breaks a zone, a link and answers from the menu', async () => {
    const page = await lab.page();
    const breakIt = async (what: string, action: string) => {
      await page.keyboard.press('b');
      await test(page, 'break-target').selectOption(what);
      await page.locator(`[popover]:popover-open [data-action=${action}]`).click();
    };
    await breakIt('zone:us-east-1/a', 'lose');
    await until('the zone', last(page), (it) => it.includes('lose: { zone: us-east-1/a }'));
    await breakIt('mysql', 'error');
    await until('errors', last(page), (it) => it.includes('error: { service: mysql, share: 50% }'));
    await until('users see them', async () => (await lab.series(page, 'shoppers'))['errors']?.at(-1) ?? 0, (it) => it > 0);
  });

  it('delays what is between two services', async () => {
    const page = await lab.page('#selected=web->catalog');
    await test(page, 'inspector').locator('[data-action=delay]').click();
    await until('it is written down', last(page), (it) => it.includes('delay: { call: web -> catalog, add: 100ms }'));
  });

  it('does it otherwise where asked, and says what the server says of mistakes', async () => {
    const page = await lab.page('#selected=catalog');
    const inspector = test(page, 'inspector');
    await inspector.getByRole('button', { name: 'Adjust: Slow down' }).click();
    await inspector.getByLabel('Times as long').fill('0');
    await inspector.locator('form .primary').click();
    await page.locator('[data-test=notice].error').waitFor();
    await inspector.getByRole('button', { name: 'Adjust: Slow down' }).click();
    await inspector.getByLabel('Times as long').fill('7');
    await inspector.locator('form .primary').click();
    await until('as asked', last(page), (it) => it.includes('slow: { service: catalog, factor: 7 }'));
  });

  it('shows what the file says, and what was set over it', async () => {
    const page = await lab.page('#selected=web->catalog');
    const field = (name: string) => test(page, 'change').locator(`input[name=${name}]`);
    const shown = async () => [await field('timeout').inputValue(), await field('retry').inputValue(), await field('breaker').inputValue()];
    const button = test(page, 'change').getByRole('button', { name: 'Change from now on' });
    expect(await shown()).toEqual(['200ms', '{ attempts: 1, budget: 10% }', 'none']);
    expect(await button.isDisabled()).toBe(true);
    await field('retry').fill('{ attempts: 2, budget: 20% }');
    await field('breaker').fill('');
    await button.click();
    await until('only what is another', last(page), (it) => it.includes('set: { call: web -> catalog, retry: { attempts: 2, budget: 20% } }'));
    await until('it is shown', shown, (it) => it.join() === '200ms,{ attempts: 2, budget: 20% },none');
    await field('retry').fill('{ attempts: 2, buget: 20% }');
    await button.click();
    await until('mistakes are told', text(page.locator('[data-test=notice].error').first()), (it) => it.includes('buget'));
    await page.reload();
    await until('others see it', async () => (await field('retry').count()) && field('retry').inputValue(), (it) => it === '{ attempts: 2, budget: 20% }');
    await test(page, 'change').getByRole('button', { name: 'Undo' }).click();
    await until('as the file says again', shown, (it) => it[1] === '{ attempts: 1, budget: 10% }');
    await page.evaluate(() => (location.hash = location.hash.replace(/selected=[^&]*/, 'selected=web')));
    await until('of a service too', async () => [await field('workers').inputValue(), await field('queue').inputValue()], (it) => it.join() === '64,unlimited');
  });

  it('has more instances, and fewer', async () => {
    // Of its own: in the other one a zone is lost.
    const { id } = await (await lab.post('runs', { name: 'shop' })).json() as { id: string };
    const page = await lab.page(`#run=${id}&selected=users`);
    const form = test(page, 'change');
    const there = () => test(page, 'instances').locator('tbody tr').count();
    const becomes = async (n: number) => {
      await until('the server has them', up(page, 'users'), (it) => it === n);
      await until('they are listed', there, (it) => it === n);
      await until('the head says so', text(test(page, 'size')), (it) => it === `${n} × 1 core`);
      await until('the field says so', () => form.locator('input[name=instances]').inputValue(), (it) => it === String(n));
    };
    const set = async (n: number) => {
      await form.locator('input[name=instances]').fill(String(n));
      await form.getByRole('button', { name: 'Change from now on' }).click();
      await until('it is written down', last(page), (it) => it.includes(`set: { service: users, instances: ${n} }`));
      await becomes(n);
    };
    await becomes(3);
    await set(5);
    await set(2);
    const undo = form.getByRole('button', { name: 'Undo' });
    await undo.last().click();
    await becomes(5);
    await undo.click();
    await becomes(3);
  });

  it('changes a timeout in place, and takes it back', async () => {
    const page = await lab.page('#selected=web->users');
    const timeouts = async () => (await lab.series(page, 'web->users'))['timeouts']?.at(-1);
    await until('all are in time', timeouts, (it) => it === 0);
    const form = test(page, 'change');
    await form.locator('input[name=timeout]').fill('1ms');
    await form.getByRole('button', { name: 'Change from now on' }).click();
    await until('it is written down', last(page), (it) => it.includes('set: { call: web -> users, timeout: 1ms }'));
    await until('calls are given up', timeouts, (it) => (it ?? 0) > 100);
    await form.getByRole('button', { name: 'Undo' }).click();
    await until('it ended', last(page), (it) => it.includes('for:'));
    await until('all are in time again', timeouts, (it) => it === 0);
  });

  it('is repeated by the file it saves', async () => {
    const page = await lab.page('#tab=scenario');
    const happenings = await lab.happenings(page);
    await until('all are listed', () => test(page, 'happenings').locator('li').count(), (it) => it === happenings.length);
    const saving = page.waitForEvent('download');
    await test(page, 'save-scenario').click();
    const path = await (await saving).path();
    const { readFileSync } = await import('node:fs');
    const file = readFileSync(path, 'utf8');
    expect(file).toContain('live:');
    for (const it of happenings) expect(file).toContain(it);
    const checked = await (await lab.post('check', { text: file })).json() as { diagnostics: { severity: string }[]; scenarios: string[] };
    expect(checked.diagnostics.filter((it) => it.severity === 'error')).toEqual([]);
    expect(checked.scenarios).toContain('live');
  });
});
