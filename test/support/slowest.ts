/** Where the time of a whole run goes: its five slowest files. */
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 5;
/** A few files alone are looked at one by one. */
const WHOLE = 20;
export const slowest: Reporter = {
  onTestRunEnd: (modules: readonly TestModule[]) => {
    if (modules.length < WHOLE) return;
    const spans = modules.map((module) => ({ path: relative('.', module.moduleId), span: module.diagnostic().duration }));
    const shown = spans.sort((a, b) => b.span - a.span).slice(0, SHOWN);
    process.stdout.write(`\n slowest files: ${shown.map(({ path, span }) => `${path} ${(span / 1_000).toFixed(1)} s`).join(' · ')}\n`);
  },
};
