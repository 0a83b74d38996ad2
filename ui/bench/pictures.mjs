import { spawn } from 'node:child_process';
import { chromium } from 'playwright-core';

/** Takes the pictures of docs/pictures anew: `node bench/pictures.mjs PATH_TO_TARSIER`. They are of simulated seconds, not of the clock's. */
const PICTURES = [
  { name: 'why', what: 'netflixoss', scheme: 'dark', end: 40, deeds: [[20, { slow: { service: 'homepage', factor: 2.2 } }]], hash: 'tab=why' },
  { name: 'latency', what: 'shop', scheme: 'light', end: 60, deeds: [[20, { slow: { service: 'mysql', factor: 12 }, for: '20s' }]], hash: 'tab=latency' },
  { name: 'compare', what: 'netflixoss', scheme: 'dark', end: 30, deeds: [], branch: [10, { slow: { service: 'homepage', factor: 1.6 } }], hash: 'tab=compare' },
];
const FOLDER = new URL('../../docs/pictures/', import.meta.url).pathname;
const server = spawn(process.argv[2], ['serve', '--bind', '127.0.0.1:0', ...process.argv.slice(3)], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((done) => server.stdout.once('data', (said) => done(String(said).trim())));
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const picture of PICTURES) await take(picture);
await browser.close();
server.kill('SIGTERM');

async function take({ name, what, scheme, end, deeds, branch, hash }) {
  const { id } = await ask('runs', { name: what, paused: true, for_s: 3600 });
  for (const [at_s, deed] of deeds) {
    await until(id, at_s);
    await ask(`runs/${id}/happenings`, deed);
  }
  await until(id, end);
  const other = branch && (await branched(id, branch, end));
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: scheme });
  await page.goto(`${url}/#run=${id}${other ? `&against=${other}` : ''}&${hash}`);
  await page.locator('.map-mirror button').first().waitFor({ state: 'attached' });
  // Dots are on their way only while it goes on.
  for (const it of [id, other]) if (it) await ask(`runs/${it}/control`, { paused: false, pace: 1 });
  await page.waitForFunction((end) => Number(document.querySelector('[data-test=time]').textContent.split(':')[1]) >= (end + 4) % 60, end);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  await page.close();
  for (const it of [id, other]) if (it) await fetch(`${url}/api/runs/${it}`, { method: 'DELETE' });
}

async function branched(id, [at_s, deed], end) {
  const { id: other } = await ask(`runs/${id}/branch`, { at_s, paused: true });
  await settled(other);
  await ask(`runs/${other}/happenings`, deed);
  await until(other, end);
  return other;
}

async function until(id, time_s) {
  const { time_s: now } = await ask(`runs/${id}`);
  if (time_s > now) await ask(`runs/${id}/control`, { step_s: time_s - now, pace: 0 });
  await settled(id);
}

async function settled(id) {
  while ((await ask(`runs/${id}`)).state !== 'paused') await new Promise((again) => setTimeout(again, 50));
}

async function ask(path, body) {
  const answer = await fetch(`${url}/api/${path}`, body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}
