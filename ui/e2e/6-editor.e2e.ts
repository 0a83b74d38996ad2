import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { Run } from '../src/api/types';
import { idOf, Lab, test, text, until } from './lab';

const SMALL = 'architecture: tiny\nservices:\n  web: { do: [ { work: exp(1ms) } ] }\nworkload:\n  people: { rate: 10/s, to: web }\n';

describe('6: the editor', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  const content = (page: Page) => test(page, 'text').locator('.cm-content');

  async function write(page: Page, what: string) {
    await content(page).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(what);
  }

  it('shows the file that runs', async () => {
    const page = await lab.page();
    await page.keyboard.press('e');
    await until('the file', text(content(page)), (it) => it.includes('architecture: shop'));
  });

  it('opens with the mistakes of the file that the server was started with, until it runs', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tarsier-')), 'broken.yaml');
    writeFileSync(file, SMALL.replace('to: web', 'to: wed'));
    const mine = await Lab.open(file);
    try {
      const page = await mine.page('', {}, '[data-test=diagnostics] li');
      await until('the mistake', text(test(page, 'diagnostics')), (it) => it.includes('there is no service `wed`'));
      await write(page, SMALL);
      await until('none', () => test(page, 'diagnostics').locator('.bad').count(), (it) => it === 0);
      await test(page, 'run').click();
      await page.locator('.map-mirror button').first().waitFor({ state: 'attached' });
    } finally {
      await mine.close();
      rmSync(dirname(file), { recursive: true });
    }
  });

  it('underlines mistakes as one types', async () => {
    const page = await lab.page('#editor=1');
    await until('the file', text(content(page)), (it) => it.includes('shop'));
    await write(page, SMALL.replace('work:', 'wrok:'));
    await content(page).locator('.cm-lintRange-error').first().waitFor();
    await until('it is said', text(test(page, 'diagnostics')), (it) => it.includes('3:18') && it.includes('there is no step `wrok`'));
    expect(await test(page, 'run').isDisabled()).toBe(true);
  });

  it('runs on save', async () => {
    const page = await lab.page('#editor=1');
    await until('the file', text(content(page)), (it) => it.includes('architecture'));
    await write(page, SMALL);
    await page.getByText('No mistakes.').waitFor();
    await page.keyboard.press('Control+s');
    const run = await until('it runs', () => lab.runOf(page), (it) => it.name === 'tiny');
    expect(run.state).toBe('running');
    await until('it is looked at', text(test(page, 'inspector').locator('h1')), (it) => it === 'tiny');
  });

  it('completes, and explains under the pointer', async () => {
    const page = await lab.page('#editor=1');
    await until('the file', text(content(page)), (it) => it.includes('architecture'));
    await write(page, `${SMALL}s`);
    await page.keyboard.press('Control+Space');
    await page.locator('.cm-tooltip-autocomplete').getByText('scenarios').first().waitFor();
    await page.keyboard.press('Escape');
    const { x, y } = (await content(page).getByText('work').first().boundingBox())!;
    await page.mouse.move(x + 8, y + 8);
    await page.locator('.cm-about').waitFor();
  });

  it('opens what is dropped on the page, ours and Spigo’s, and says what is wrong with what is broken', async () => {
    const page = await lab.page();
    const drop = (name: string, body: string) =>
      page.evaluate(([name, body]) => {
        const data = new DataTransfer();
        data.items.add(new File([body!], name!));
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
      }, [name, body]);
    await drop('tiny.yaml', SMALL.replace('tiny', 'dropped'));
    await until('it runs', () => lab.runOf(page), (it) => it.name === 'dropped');
    const spigo = { arch: 'spigoed', version: 'arch-0.0', args: '[]', services: [{ name: 'db', package: 'store', regions: 1, count: 2, dependencies: [] }, { name: 'front', package: 'elb', regions: 1, count: 1, dependencies: ['db'] }] };
    await drop('spigo.json', JSON.stringify(spigo));
    const { id } = await until('Spigo’s runs', () => lab.runOf(page), (it) => it.name === 'spigoed');
    await drop('broken.yaml', 'architecture: {');
    await page.locator('[data-test=notice].error').waitFor();
    await until('it is still looked at', async () => idOf(page), (it) => it === id);
    expect((await lab.get<Run[]>('runs')).at(-1)!.id).toBe(id);
  });

  it('opens lessons from the picker', async () => {
    const page = await lab.page();
    await page.getByRole('button', { name: 'Open an architecture' }).click();
    await page.getByPlaceholder(/^Search/).fill('retry-storm');
    await page.getByRole('dialog', { name: 'Open an architecture' }).getByText('retry-storm').click();
    await until('it runs', () => lab.runOf(page), (it) => it.name.includes('retry-storm'));
  });
});
