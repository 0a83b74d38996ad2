/** End-to-end tests against a real binary: `npm run e2e -- PATH_TO_TARSIER [FILE …]`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { startVitest } from 'vitest/node';

const [binary, ...files] = process.argv.slice(2);
if (!binary || !existsSync(binary)) {
  console.error('usage: npm run e2e -- PATH_TO_TARSIER [FILE …]');
  process.exit(2);
}
process.env['TARSIER_BINARY'] = resolve(binary);
const vitest = await startVitest('test', files, { config: 'e2e/vitest.config.ts', watch: false });
await vitest.close();
