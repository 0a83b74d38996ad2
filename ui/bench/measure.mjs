import { chromium } from 'playwright-core';
import { createServer } from 'vite';

/**
 * Frames a second of the map in a browser that renders WebGL in software: `node bench/measure.mjs`.
 * Other programs on the machine disturb, so each case is measured in several turns and the best one counts.
 */
const CASES = [
  // What, the page's query, the goal.
  ['100 nodes, 250 calls, 2,000 dots', 'services=99&calls=250&dots=2000', 30],
  ['300 nodes, 700 calls, 3,000 dots', 'services=299&calls=700&dots=3000', 20],
  ['2,000 nodes one by one, 5,000 calls, 20,000 dots', 'services=1999&calls=5000&dots=20000&budget=5000', 6],
  ['2,000 nodes as people see them, in groups', 'services=1999&calls=10000', 30],
];
const TURNS = 6;
const TURN_MS = 3000;

const server = await createServer({ root: new URL('..', import.meta.url).pathname, server: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
await server.listen();
const address = server.resolvedUrls.local[0];
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
console.log('| what | dots drawn | frames/s, best of ' + TURNS + ' | goal |\n| --- | --- | --- | --- |');
for (const [name, query, goal] of CASES) {
  const { best, dots } = await measure(browser, `${address}bench/index.html?${query}`);
  console.log(`| ${name} | ${dots} | ${best.toFixed(1)} | ${goal} |`);
}
await browser.close();
await server.close();

async function measure(within, page) {
  const tab = await within.newPage({ viewport: { width: 1280, height: 720 } });
  await tab.goto(page);
  await tab.waitForFunction('window.map && window.map.stats().dots > 0');
  await tab.waitForTimeout(1500);
  let best = 0;
  for (let turn = 0; turn < TURNS; turn++) best = Math.max(best, await tab.evaluate(framesASecond, TURN_MS));
  const dots = await tab.evaluate('window.map.stats().dots');
  await tab.close();
  return { best, dots };
}

function framesASecond(duration) {
  return new Promise((done) => {
    let frames = 0;
    const began = performance.now();
    const count = (now) => {
      frames++;
      if (now - began < duration) requestAnimationFrame(count);
      else done((frames * 1000) / (now - began));
    };
    requestAnimationFrame(count);
  });
}
