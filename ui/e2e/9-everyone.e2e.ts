import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lab, test, text, until } from './lab';

describe('9: for everyone', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open()));
  afterEach(() => lab.rest());
  afterAll(() => lab.close());

  it('is painted within a second', async () => {
    const page = await lab.page();
    const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity);
    console.log(`first paint after ${Math.round(painted)} ms`);
    expect(painted).toBeLessThan(1000);
  });

  it('is light or dark as the system is, and as the switch says', async () => {
    const ground = (page: Awaited<ReturnType<Lab['page']>>) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, dark] = [await lab.page('', { colorScheme: 'light' }), await lab.page('', { colorScheme: 'dark' })];
    const [day, night] = [await ground(light), await ground(dark)];
    expect(day).not.toBe(night);
    await test(light, 'theme').click();
    expect(await ground(light)).toBe(night);
    await light.reload();
    expect(await ground(light)).toBe(night);
  });

  it('comes back from its link as it was', async () => {
    const state = 'tab=table&selected=mysql&find=rate+%3E+1&mode=grid&pick=random&hideHealthy=1';
    const page = await lab.page(`#${state}`);
    await until('the link', async () => new URL(page.url()).hash, (it) => it.includes('run='));
    const words = new URLSearchParams(new URL(page.url()).hash.slice(1));
    for (const [key, value] of new URLSearchParams(state)) expect(words.get(key)).toBe(value);
    await until('inspected', text(test(page, 'inspector').locator('h1')), (it) => it === 'mysql');
    expect(await page.getByRole('tab', { selected: true }).textContent()).toBe('Table');
  });

  it.each([['1280x720', 1280, 720], ['a tablet', 1024, 768], ['a tablet upright', 820, 1180]])('fits %s', async (_, width, height) => {
    const page = await lab.page('', { viewport: { width, height } });
    const { wide, high } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, high: document.documentElement.scrollHeight }));
    expect([wide, high]).toEqual([width, height]);
    const outside = await page.locator('header button:visible').evaluateAll((all) => all.filter((it) => it.getBoundingClientRect().right > innerWidth).map((it) => it.ariaLabel ?? it.textContent));
    expect(outside).toEqual([]);
  });

  it('is used by keys alone, and names what has focus', async () => {
    const page = await lab.page();
    const nameless: string[] = [];
    for (let at = 0; at < 40; at++) {
      await page.keyboard.press('Tab');
      const it = await page.evaluate(() => {
        const at = document.activeElement as HTMLElement;
        const name = at.ariaLabel ?? at.getAttribute('aria-labelledby') ?? at.textContent?.trim() ?? '';
        const labels = (at as HTMLInputElement).labels?.length ?? 0;
        return { html: at.outerHTML.slice(0, 120), named: at === document.body || name !== '' || labels > 0 || at.title !== '' };
      });
      if (!it.named) nameless.push(it.html);
    }
    expect(nameless).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.map-canvas').focus();
    await page.keyboard.press('?');
    await test(page, 'help').getByText('break something').waitFor();
  });

  it('moves nothing for those who asked for that', async () => {
    const page = await lab.page('', { reducedMotion: 'reduce' });
    await page.locator('.map-canvas').waitFor();
    const seconds = await page.evaluate(() => getComputedStyle(document.querySelector('button')!).transitionDuration);
    expect(parseFloat(seconds)).toBe(0);
  });
});
