/** A binary that serves, a browser that looks, and what both say. Nothing here sleeps: everything waits for a condition. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core';
import type { Run, Series } from '../src/api/types';

const BINARY = process.env['TARSIER_BINARY'] ?? '';
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 50;

export class Lab {
  readonly url: string;
  private readonly server: ChildProcess;
  private readonly browser: Browser;
  private readonly pages: { page: Page; errors: string[] }[] = [];

  private constructor(url: string, server: ChildProcess, browser: Browser) {
    this.url = url;
    this.server = server;
    this.browser = browser;
  }

  static async open(what = 'shop'): Promise<Lab> {
    const server = spawn(BINARY, ['serve', what, '--bind', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await firstLine(server);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    return new Lab(url, server, browser);
  }

  /** A page that has drawn its map, or what else is to be there. */
  async page(hash = '', options: BrowserContextOptions = {}, ready = '.map-mirror button, [data-test=grid]'): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 720 }, acceptDownloads: true, ...options });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: this.url });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(this.url)) errors.push(`asks ${request.url()}`);
    });
    this.pages.push({ page, errors });
    await page.goto(`${this.url}/${hash}`);
    await page.locator(ready).first().waitFor({ state: 'attached' });
    return page;
  }

  /** Closes its pages: one that nobody looks at still draws, and takes the time of those after it. */
  async rest() {
    await Promise.all(this.browser.contexts().map((context) => context.close()));
  }

  async close() {
    await this.browser.close();
    this.server.kill('SIGTERM');
    const errors = this.pages.flatMap((it) => it.errors);
    if (errors.length) throw new Error(`the page threw or asked others: ${errors.join('; ')}`);
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}/api/${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json() as Promise<T>;
  }

  async post(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.url}/api/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  }

  /** The run that a page looks at; the newest, if that has just been left and is gone. */
  async runOf(page: Page): Promise<Run> {
    const runs = await this.get<Run[]>('runs');
    return runs.find((run) => run.id === idOf(page)) ?? runs.at(-1)!;
  }

  async happenings(page: Page): Promise<string[]> {
    return (await this.get<{ happenings: string[] }>(`runs/${idOf(page)}/scenario`)).happenings;
  }

  async series(page: Page, of: string): Promise<Series> {
    return this.get(`runs/${idOf(page)}/series?of=${encodeURIComponent(of)}`);
  }
}

export function idOf(page: Page): string {
  const id = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('run');
  if (!id) throw new Error(`no run in ${page.url()}`);
  return id;
}

/** Until something holds; what was last seen stands in the error. */
export async function until<T>(what: string, look: () => Promise<T>, holds: (it: T) => boolean): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  let seen: T | undefined;
  while (Date.now() < end) {
    seen = await look();
    if (holds(seen)) return seen;
    await new Promise((again) => setTimeout(again, LOOK_AGAIN_MS));
  }
  throw new Error(`${what}: ${JSON.stringify(seen)}`);
}

export const text = (at: Locator) => async () => (await at.textContent()) ?? '';

export const test = (page: Page, name: string) => page.locator(`[data-test=${name}]`);

/** `1:02.5` in seconds. */
export function clocked(shown: string): number {
  return shown.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
}

function firstLine(server: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    let said = '';
    server.stdout!.on('data', (part) => {
      said += part;
      const url = /http:\/\/[\d.]+:\d+/.exec(said)?.[0];
      if (url) done(url);
    });
    server.once('exit', (code) => failed(new Error(`tarsier serve ended with ${code}: ${said}`)));
  });
}
