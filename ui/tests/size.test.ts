import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const PAGE = new URL('../../crates/server/page/', import.meta.url);
const MOST = 300_000;

it('the page with its editor is small', () => {
  const sizes = readdirSync(PAGE).map((name) => [name, gzipSync(readFileSync(new URL(name, PAGE)), { level: 9 }).length] as const);
  for (const [name, size] of sizes) console.log(`${name} ${(size / 1000).toFixed(1)} kB`);
  expect(sizes.map(([name]) => name).sort()).toEqual(['app.css', 'app.js', 'editor.js', 'icon.svg', 'index.html']);
  expect(sizes.reduce((sum, [, size]) => sum + size, 0)).toBeLessThan(MOST);
});
