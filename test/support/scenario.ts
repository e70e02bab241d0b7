/** Golden scenarios: a script in words on the virtual clock, and what it leads to. A script is lines of a verb and its words; what is told of each
 *  is every write to the Machines API, by machine, and what the controller says. See test/scenarios/README.md. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { z } from 'zod';
import { planText } from '#cli/plan-text.ts';
import { perform } from '#simulator/acts.ts';
import { FAULT_KINDS } from '#simulator/faults.ts';
import { OWN_REQUESTS } from '#simulator/limits.ts';
import type { MachineRow } from '#simulator/world.ts';
import { eventToLine } from '#telemetry/log.ts';
import { answered, approve } from './approving.ts';
import { actByHand, cloneByHand, destroyByHand, updateByHand, withEnv, withImage, withMemory } from './hands.ts';
import { type Harness, isSettled, makeHarness } from './harness.ts';
import { deployByHand, oneApp, type WorldOptions } from './worlds.ts';

const APP = 'acme-web';
const SELECTION = { environment: 'test', app: null };
const SIGNAL = new AbortController().signal;
/** Anything longer belongs into two scripts. */
const LONGEST_SETTLE_S = 600;
/** Asked again and again, or kept by themselves: they say nothing of what is done. */
const SILENT = /^GET |\/lease$/;
/** What the controller says of it is in the calls. */
const UNTOLD: readonly string[] = ['StepFinished', 'WorkTaken', 'PassFinished', 'RevisionAccepted'];

const Mode = z.enum(['observe', 'manual', 'automatic']).optional();
const World = z.strictObject({
  machines: z.coerce.number().int().min(0).optional(),
  image: z.string().optional(),
  memory: z.string().optional(),
  env: z.string().optional(),
  mode: Mode,
  protection: z.enum(['production', 'none']).optional(),
  grace: z.string().optional(),
  surge: z.coerce.number().int().optional(),
  by: z.enum(['trimtab', 'cli']).optional(),
});
type Words = z.infer<typeof World>;
const Told = z.object({ operation: z.string(), id: z.string() });

export interface Script {
  readonly name: string;
  readonly lines: readonly string[];
}
export async function runScript({ name, lines }: Script): Promise<string> {
  const said: string[] = [];
  const stage = makeStage(name, said);
  try {
    for (const [at, line] of lines.entries()) {
      const text = line.replace(/(^|\s)#.*$/, '').trim();
      said.push(line.trim() === '' || text === '' ? line.trim() : `> ${text}`);
      if (text !== '') await stage.act(wordsOf(text), `${name}.scn:${at + 1}`);
    }
  } finally {
    await stage.end();
  }
  return `${folded(said).join('\n').trim()}\n`;
}
/** A line that comes again and again is told once; hashes are left out, they change with the compiler. */
function folded(lines: readonly string[]): readonly string[] {
  const told: { readonly line: string; times: number }[] = [];
  for (const raw of lines) {
    const line = raw.replace(/revision [0-9a-f]{12}/g, 'revision …').replace(/--plan [0-9a-f]+/g, '--plan …');
    const same = told.slice(-2).find((one) => one.line === line && line.startsWith('   '));
    if (same === undefined) told.push({ line, times: 1 });
    else same.times += 1;
  }
  return told.map(({ line, times }) => (times === 1 ? line : `${line} (${times} times)`));
}
/** Words, and "several words" as one. */
const wordsOf = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
const pairsOf = (words: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
const secondsOf = (text = ''): number => {
  const [, count = '', unit = ''] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  if (unit === '') throw new Error(`not a time: ${text}`);
  return Number(count) * ({ s: 1, m: 60, h: 3_600 }[unit] ?? 1);
};
const optionsOf = ({ machines, image, env, surge, by: _by, ...rest }: Words): WorldOptions => ({
  ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  ...(machines === undefined ? {} : { machines: `{ nrt: ${machines} }` }),
  ...(image === undefined ? {} : { image: `registry.fly.io/acme-web:${image}` }),
  extra: `${env === undefined ? '' : `  env: { ${env.replace('=', ': ')} }\n`}${surge === undefined ? '' : `  rollout: { surge: ${surge} }\n`}`,
});

function makeStage(name: string, said: string[]) {
  let words: Words = {};
  let stage: Harness | null = null;
  let heard = 0;
  let began = 0;
  const names = new Map<string, string>();
  const on = (): Harness => {
    if (stage === null) throw new Error('a script begins with `world`');
    return stage;
  };
  const clockText = (): string => `+${((on().clock.now() - began) / 1_000).toFixed(0)}s`.padStart(8);
  const listen = (message: unknown): void => {
    const { operation, id } = Told.parse(message);
    if (stage === null || SILENT.test(operation)) return;
    for (const { id: machine, name: known } of stage.simulator.world.machines.values()) names.set(machine, known);
    said.push(
      `${clockText()}  ${operation.replace('/apps/{app_name}', '').replace('/machines/{machine_id}', '/machine')} · ${names.get(id) ?? id}`,
    );
  };
  subscribe(OWN_REQUESTS.name, listen);
  const hear = (): void => {
    for (const event of on().events.slice(heard)) {
      const line = UNTOLD.includes(event.type) ? null : eventToLine(event);
      if (line !== null) said.push(`          ${line.level === 'info' ? '' : `${line.level}: `}${line.message.split('\n')[0]}`);
    }
    heard = on().events.length;
  };
  const machine = (known = ''): MachineRow => {
    const row = on()
      .machines(APP)
      .find((one) => one.name === known);
    if (row === undefined)
      throw new Error(
        `no machine ${known}: ${on()
          .machines(APP)
          .map((one) => one.name)
          .join(', ')}`,
      );
    return row;
  };
  const commit = (given: Words): void => {
    words = { ...words, ...given };
    for (const [path, text] of Object.entries(oneApp(optionsOf(words)))) on().files.set(path, text);
  };
  const verbs: Readonly<Record<string, (given: readonly string[]) => Promise<unknown> | unknown>> = {
    world: async (given) => {
      words = World.parse(pairsOf(given));
      stage = await makeHarness({ files: oneApp(optionsOf(words)), seed: name, start: words.by !== 'cli' });
      began = stage.clock.now();
      if (words.by !== 'cli') return;
      await deployByHand(stage, APP, words.machines ?? 1);
      await stage.restart();
    },
    commit: (given) => commit(World.parse(pairsOf(given))),
    advance: ([span]) => on().pass(secondsOf(span)),
    settle: async () => {
      for (let spent = 0; spent < LONGEST_SETTLE_S; spent++) {
        await on().pass(1);
        if (isSettled(on().controller())) return;
      }
      throw new Error(`not as git says after ${LONGEST_SETTLE_S} s`);
    },
    restart: () => on().restart(),
    approve: () => approve(on()),
    halt: () => answered(on(), on().operator().halt('*', 'ann', 'to look', SIGNAL)),
    'halt-off': () => answered(on(), on().operator().unhalt('*', 'ann', SIGNAL)),
    fault: ([kind = '', operation, count]) => {
      const known = FAULT_KINDS.find((one) => one === kind);
      if (known === undefined) throw new Error(`no fault ${kind}; there are ${FAULT_KINDS.join(', ')}`);
      on().simulator.faults.add({
        kind: known,
        ...(operation === undefined ? {} : { operation }),
        ...(count === undefined ? {} : { count: Number(count) }),
      });
    },
    'no-faults': () => on().simulator.faults.clear(),
    room: ([region = '', machines = '']) =>
      perform(on().simulator.world, { act: 'capacity', region, machines: machines === 'any' ? null : Number(machines) }),
    hand: ([act = '', known, value = '']) => byHand(on(), machine(known), act, value),
    plan: async () => {
      const plans = await answered(on(), on().operator().plan(SELECTION, SIGNAL));
      if (!plans.ok) throw new Error(plans.error.message);
      said.push(
        ...planText(plans.value)
          .trim()
          .split('\n')
          .map((line) => `  | ${line}`.trimEnd()),
      );
    },
    show: () => {
      hear();
      const rows = [...on().machines(APP)].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const { name: known, state, image, config, versions } of rows)
        said.push(`          ${known} ${state} ${image.tag} ${config.guest?.memory_mb} MB, version ${versions.length}`);
      const status = on().status(APP);
      said.push(`          ${status?.sync} ${status?.health}${status?.held.map(({ reason }) => ` held:${reason}`).join('') ?? ''}`);
    },
    quiet: async ([span]) => {
      const before = on().writes();
      await on().pass(secondsOf(span));
      if (on().writes() !== before) throw new Error(`${on().writes() - before} writes, and there was nothing to do`);
    },
  };
  return {
    act: async ([verb = '', ...given]: readonly string[], place: string): Promise<void> => {
      const run = verbs[verb];
      if (run === undefined) throw new Error(`${place}: no verb ${verb}; there are ${Object.keys(verbs).join(', ')}`);
      try {
        await run(given);
      } catch (thrown) {
        throw new Error(`${place}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n${said.join('\n')}`, { cause: thrown });
      }
      hear();
    },
    end: async (): Promise<void> => {
      unsubscribe(OWN_REQUESTS.name, listen);
      await stage?.stop();
    },
  };
}
function byHand(harness: Harness, row: MachineRow, act: string, value: string): Promise<unknown> {
  switch (act) {
    case 'start':
    case 'stop':
    case 'cordon':
      return actByHand(harness, row, act);
    case 'destroy':
      return destroyByHand(harness, row);
    case 'clone':
      return cloneByHand(harness, row);
    case 'memory':
      return updateByHand(harness, row, withMemory(Number(value)));
    case 'env':
      return updateByHand(harness, row, withEnv(pairsOf([value])));
    case 'image':
      return updateByHand(harness, row, withImage(`registry.fly.io/acme-web:${value}`));
    default:
      throw new Error(`hands do not ${act}`);
  }
}
