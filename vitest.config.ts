import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { slowest } from './test/support/slowest.ts';
import { makeTally } from './test/support/tally.ts';

// As `bin/trimtab` keeps them: a process of ours that a test starts takes half the time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'trimtab');

/** Whole processes, browsers, servers: they wait more than they compute, and may leave their process in any state. */
const LIVE = [
  'test/cli/{alone,bad-input,beside,on-database,prove,releases,stateless,validate}.test.ts',
  'test/engine/{lost-database,two-controllers,queue.laws}.test.ts',
  'test/http/page.browser.test.ts',
  'test/platform/{source,git-access}.test.ts',
  'test/platform/checks/from-app.test.ts',
  'test/telemetry/observability.test.ts',
  'test/{docs,doors,leaks,leaks.commands,workflows}.test.ts',
];

export default defineConfig({
  test: {
    setupFiles: ['test/support/setup.ts'],
    reporters: ['default', slowest, makeTally()],
    // More than the two cores of the machine CI runs on: the live ones, which come first, wait most of the time.
    maxWorkers: 4,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Simulated time is the rule; a test that needs longer says so itself.
    slowTestThreshold: 2_000,
    projects: [
      { extends: true, test: { name: 'live', include: LIVE } },
      // On the virtual clock, without a trace in the process: the next file finds what this one has loaded.
      { extends: true, test: { name: 'virtual', include: ['test/**/*.test.ts'], exclude: LIVE, isolate: false } },
    ],
  },
});
