/** `make bench`: one line per figure, `name value unit limit ok|over`, and the same as JSON. Work counts before milliseconds.
 *  A figure over its limit fails the run; with BENCH_OVER=tell it is told alone: what a machine that others share shows is a finding, and no
 *  reason to let a change lie. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureCommands } from './commands.ts';
import { measureCompile } from './compile.ts';
import { measureDrift } from './drift.ts';
import type { Figure } from './figure.ts';
import { measureIdle } from './idle.ts';
import { measureMeter } from './meter.ts';
import { measureMigrations } from './migrations.ts';
import { measureRelease } from './release.ts';
import { measureRollout } from './rollout.ts';
import { measureSecrets } from './secrets.ts';
import { measureSuite } from './suite.ts';
import { measureWebhook } from './webhook.ts';

const folder = mkdtempSync(join(tmpdir(), 'trimtab-bench-'));
const figures: Figure[] = [];
for (const measure of [
  measureSuite,
  measureIdle,
  measureCompile,
  measureDrift,
  measureRollout,
  measureRelease,
  measureMeter,
  measureSecrets,
  measureMigrations,
  measureCommands,
  measureWebhook,
]) {
  for (const figure of await measure(folder)) {
    figures.push(figure);
    process.stdout.write(
      `${figure.name} ${figure.value} ${figure.unit} ${figure.limit} ${figure.value <= figure.limit ? 'ok' : 'over'}${figure.note === undefined ? '' : `   # ${figure.note}`}\n`,
    );
  }
}
rmSync(folder, { recursive: true, force: true });
mkdirSync('.trimtab', { recursive: true });
writeFileSync('.trimtab/bench.json', `${JSON.stringify(figures, null, 2)}\n`);
const over = figures.filter(({ value, limit }) => !(value <= limit)).map(({ name }) => name);
process.stdout.write(over.length === 0 ? `all ${figures.length} figures within their limits\n` : `over: ${over.join(', ')}\n`);
process.exit(over.length === 0 || process.env['BENCH_OVER'] === 'tell' ? 0 : 1);
