/** Plans as people read them: one file per situation, so that a review sees what a change does to them. `UPDATE=1` writes them anew. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { planMarkdown, planText } from '#cli/plan-text.ts';
import { actByHand, cloneByHand, createByHand, destroyByHand, only, updateByHand, withEnv, withMemory } from '#test/support/hands.ts';
import { type Files, type Harness, makeHarness } from '#test/support/harness.ts';
import { deployByHand, FLY_TOML, oneApp } from '#test/support/worlds.ts';

const FOLDER = join(import.meta.dirname, '..', 'golden', 'plans');
const APP = 'acme-web';
const SIGNAL = new AbortController().signal;
/** Longer plans are read by nobody. */
const LONGEST = 60;

interface Situation {
  readonly name: string;
  readonly files: Files;
  /** Before the controller runs. */
  readonly before?: (harness: Harness) => Promise<unknown>;
  /** After everything was as the files say. */
  readonly after?: (harness: Harness) => Promise<unknown>;
  /** The first revision is approved by nobody. */
  readonly waits?: boolean;
  /** Another commit. */
  readonly commit?: Files;
}
const halted = (harness: Harness): Promise<unknown> => harness.operator().halt('*', 'tester', 'to look at the plan', SIGNAL);
const SITUATIONS: readonly Situation[] = [
  { name: 'a new app in manual', files: oneApp({ mode: 'manual', protection: 'production' }), waits: true },
  {
    name: 'more memory under protection',
    files: oneApp({ protection: 'production', mode: 'manual' }),
    commit: oneApp({ protection: 'production', mode: 'manual', memory: '512mb' }),
  },
  {
    name: 'a scale-in by more than half',
    files: oneApp({ protection: 'production', machines: '{ nrt: 4 }' }),
    commit: oneApp({ protection: 'production', machines: '{ nrt: 1 }' }),
  },
  { name: 'another region', files: oneApp({ mode: 'manual' }), commit: oneApp({ mode: 'manual', machines: '{ nrt: 2, fra: 1 }' }) },
  {
    name: 'an app switched off under protection',
    files: oneApp({ protection: 'production' }),
    commit: oneApp({ protection: 'production', extra: '  enabled: false\n' }),
  },
  { name: 'machines made by hand, only looked at', files: oneApp({ mode: 'observe' }), before: (harness) => deployByHand(harness, APP, 2) },
  {
    name: 'machines made by hand that may not be taken over',
    files: oneApp({ extra: '  adopt: false\n' }),
    before: (harness) => deployByHand(harness, APP, 2),
  },
  {
    name: 'drift of every sort while writes are stopped',
    files: oneApp({ machines: '{ nrt: 4 }' }),
    after: async (harness) => {
      await halted(harness);
      const [first, second, third, fourth] = harness.machines(APP);
      if (first !== undefined) await updateByHand(harness, first, withEnv({ LOG_LEVEL: 'debug', SESSION_SECRET: 'not to be seen' }));
      if (second !== undefined) await actByHand(harness, second, 'stop');
      if (third !== undefined) await actByHand(harness, third, 'cordon');
      if (fourth !== undefined) await destroyByHand(harness, fourth);
      if (first !== undefined) await cloneByHand(harness, first, 'fra');
      await createByHand(harness, APP, {}, { name: 'somebodys-own' });
    },
  },
  {
    name: 'drift in its grace',
    files: oneApp({ grace: '1h' }),
    after: (harness) => updateByHand(harness, only(harness.machines(APP)), withMemory(512)),
  },
  {
    name: 'a single machine that serves',
    files: oneApp({ machines: '{ nrt: 1 }', mode: 'manual', protection: 'production' }),
    commit: oneApp({ machines: '{ nrt: 1 }', mode: 'manual', protection: 'production', memory: '512mb' }),
  },
  {
    name: 'an image that nobody pushed',
    files: oneApp({ mode: 'manual' }),
    commit: oneApp({ mode: 'manual', image: 'registry.fly.io/acme-web:v2-missing' }),
  },
  { name: 'nothing to do', files: oneApp() },
  {
    name: 'services taken away',
    files: oneApp({ mode: 'manual' }),
    commit: oneApp({ mode: 'manual', toml: FLY_TOML.replace(/\[http_service\][\s\S]*(?=\[\[vm\]\])/, '') }),
  },
];
async function planOf({ files, before, after, commit, waits }: Situation): Promise<string> {
  const harness = await makeHarness({ files, start: false });
  if (before !== undefined) await before(harness);
  void harness.controller().run(SIGNAL);
  await harness.pass(20);
  if (waits !== true) await harness.operator().approve({ environment: 'test', app: null }, 'tester', null, SIGNAL);
  await harness.pass(120);
  if (after !== undefined) await after(harness);
  for (const [path, text] of Object.entries(commit ?? {})) harness.files.set(path, text);
  await harness.pass(40);
  const asked = harness.operator().plan({ environment: null, app: null }, SIGNAL);
  await harness.pass(2);
  const plans = await asked;
  await harness.stop();
  if (!plans.ok) throw new Error(plans.error.message);
  return stripVTControlCharacters(`${planText(plans.value)}\n---\n${planMarkdown(plans.value)}`);
}
const fileOf = (name: string): string => join(FOLDER, `${name.replaceAll(/[^a-z]+/g, '-')}.txt`);

test.each(SITUATIONS)('$name', async (situation) => {
  const plan = await planOf(situation);
  const path = fileOf(situation.name);
  if (process.env['UPDATE'] === '1') writeFileSync(path, plan);
  expect(existsSync(path), `${path}: UPDATE=1 writes it`).toBe(true);
  expect(plan).toBe(readFileSync(path, 'utf8'));
  expect(plan.split('\n').length).toBeLessThanOrEqual(LONGEST);
  expect(plan).not.toContain('not to be seen');
});
test('no plan is kept for a situation that is gone', () => {
  const kept = readdirSync(FOLDER).map((name) => join(FOLDER, name));
  expect(kept.filter((path) => !SITUATIONS.some(({ name }) => fileOf(name) === path))).toEqual([]);
});
