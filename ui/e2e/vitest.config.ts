import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One browser at a time: a machine with two cores renders and simulates on them.
  test: { include: ['e2e/**/*.e2e.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000, reporters: ['verbose'] },
});
