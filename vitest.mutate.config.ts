/** The tests that a mutant of `src/domain` has to get past: the tables, properties and golden files of the domain, and nothing that waits. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/domain/**/*.test.ts'], setupFiles: ['test/support/setup.ts'], isolate: false, testTimeout: 20_000 },
});
