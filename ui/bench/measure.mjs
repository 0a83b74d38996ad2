import { readdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

/**
 * The map in a browser that renders WebGL in software: `node bench/measure.mjs`. Prints frames a second and CPU time a frame,
 * of all the browser's processes together. Other programs on the machine disturb frames a second most, so each case is
 * measured in several turns, of which the best counts; CPU time they hardly change.
 */
const CASES = [
  // What, the page's query, the goal in frames a second.
  ['100 nodes, 250 calls, 2,000 dots', 'services=99&calls=250&dots=2000', 30],
  ['300 nodes, 700 calls, 3,000 dots', 'services=299&calls=700&dots=3000', 20],
  ['2,000 nodes one by one, 5,000 calls, 20,000 dots', 'services=1999&calls=5000&dots=20000&budget=5000', 6],
  ['2,000 nodes in groups, as people see them', 'services=1999&calls=10000', 30],
];
const TURNS = 6;
const TURN_MS = 3000;
/** Of the kernel's clock, in milliseconds; 100 a second wherever Debian runs. */
const JIFFY_MS = 10;

const pages = await createServer({ root: new URL('..', import.meta.url).pathname, server: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
await pages.listen();
const address = process.env['PAGE'] ?? `${pages.resolvedUrls.local[0]}bench/index.html`;
const server = await chromium.launchServer({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
const browser = await chromium.connect(server.wsEndpoint());
console.log(`| what | dots | frames/s, best of ${TURNS} | CPU a frame, least of ${TURNS} | goal |\n| --- | --- | --- | --- | --- |`);
for (const [name, query, goal] of CASES) {
  const { frames, cpu, dots } = await measure(`${address}?${query}`);
  console.log(`| ${name} | ${dots} | ${frames.toFixed(1)} | ${cpu.toFixed(0)} ms | ${goal} |`);
}
await browser.close();
await server.close();
await pages.close();

async function measure(page) {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await tab.goto(page);
  await tab.waitForFunction('window.map && window.map.stats().dots > 0', null, { timeout: 120_000 });
  await tab.waitForTimeout(3000);
  let [frames, cpu] = [0, Infinity];
  for (let turn = 0; turn < TURNS; turn++) {
    const before = cpuOf(server.process().pid);
    const rate = await tab.evaluate(framesASecond, TURN_MS);
    const drawn = rate * (TURN_MS / 1000);
    cpu = Math.min(cpu, (cpuOf(server.process().pid) - before) / drawn);
    frames = Math.max(frames, rate);
  }
  const { dots } = await tab.evaluate('window.map.stats()');
  await tab.close();
  return { frames, cpu, dots };
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

/** CPU milliseconds that a process and all below it have used. */
function cpuOf(root) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      return [{ pid: Number(pid), parent: Number(fields[1]), used: (Number(fields[11]) + Number(fields[12])) * JIFFY_MS }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
  const below = (pid) => all.filter(({ parent }) => parent === pid).reduce((sum, child) => sum + child.used + below(child.pid), 0);
  return (all.find(({ pid }) => pid === root)?.used ?? 0) + below(root);
}
