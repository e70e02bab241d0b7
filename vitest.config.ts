import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    // Two workers: the machine CI runs on has two cores, and a PGlite instance takes 300 MB.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Simulated time is the rule; a test that needs longer says so itself.
    slowTestThreshold: 2_000,
  },
});
