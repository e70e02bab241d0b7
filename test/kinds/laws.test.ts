/** What every kind promises, asked of each one in the registry on a simulated platform. A new kind gets these by its line there; what it is
 *  disturbed by stands in `DISTURBED`. */
import { describe, expect, test } from 'vitest';
import type { Action, KindName } from '#domain/change.ts';
import { intentFor, type PlanContext } from '#domain/finding.ts';
import { instanceId, orgSlug } from '#domain/ids.ts';
import { emptyMemory } from '#domain/memory.ts';
import type { ObservedApp } from '#domain/observed.ts';
import { SHIPPED_PRICES } from '#domain/price-book.ts';
import { makeRandom } from '#domain/random.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledApp } from '#domain/revision.ts';
import { NO_SECRETS, type SecretRecord } from '#domain/secret-picture.ts';
import { recordsAfter } from '#domain/secret-records.ts';
import { SecretValue, StateKey } from '#domain/secret-value.ts';
import { ms, seconds } from '#domain/units.ts';
import { observeApp } from '#engine/observe.ts';
import { app } from '#kinds/app.ts';
import { certificate } from '#kinds/certificate.ts';
import { ipAddress } from '#kinds/ip-address.ts';
import type { Kind, Ports } from '#kinds/kind.ts';
import { machineGroup } from '#kinds/machine-group.ts';
import { type AnyStep, applyStep, findStep, isRepeatable, KINDS } from '#kinds/registry.ts';
import { secret } from '#kinds/secret.ts';
import { volume } from '#kinds/volume.ts';
import { makeFlyClient } from '#platform/fly/client.ts';
import { makeLimits } from '#platform/fly/limits.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { makeSimulator, type Simulator } from '#simulator/simulator.ts';
import { machinesOf } from '#simulator/world.ts';
import { aConfig, aContext, aGroup, anApp, REVISION } from '#test/support/builders.ts';
import { underContract } from '#test/support/contract.ts';
import { START } from '#test/support/harness.ts';

const SIGNAL = new AbortController().signal;
/** Rounds of "plan, apply, let time pass" until a kind must have nothing left to do. */
const ROUNDS = 20;

interface Bench {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly ports: Ports;
  readonly records: Map<string, SecretRecord>;
  /** The result of some work that may wait for time to pass. */
  wait<T>(work: Promise<Result<T, unknown>>): Promise<T>;
  byHand(method: string, path: string, body?: object): Promise<void>;
}
function makeBench(): Bench {
  const clock = makeVirtualClock(START);
  const simulator = makeSimulator({ clock, seed: 'laws' });
  const random = makeRandom('laws');
  const url = 'http://sim.test';
  const fly = makeFlyClient({
    token: 'a-token-for-tests',
    flapsBaseUrl: url,
    apiBaseUrl: url,
    uiexBaseUrl: url,
    fetch: underContract(simulator.fetch, 'client'),
    clock,
    random,
    limits: makeLimits({ clock }),
    userAgent: 'trimtab/test',
  });
  return {
    clock,
    simulator,
    ports: {
      fly,
      secretValues: (items) => Promise.resolve(ok(new Map(items.map(({ name }) => [name, VALUES.get(name) ?? new SecretValue('')])))),
    },
    records: new Map(),
    wait: async (work) => {
      let done = false;
      const finished = (): void => {
        done = true;
      };
      work.then(finished, finished);
      while (!done) await clock.advance(ms(50));
      const result = await work;
      if (!result.ok) throw new Error(JSON.stringify(result.error));
      return result.value;
    },
    byHand: async (method, path, body) => {
      const headers = { authorization: 'Bearer somebody-else' };
      const answer = await underContract(
        simulator.fetch,
        'hands',
      )(new Request(`${url}${path}`, { method, headers, body: JSON.stringify(body ?? {}) }));
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
  };
}
const KEY = new StateKey('laws');
const VALUES = new Map([
  ['SESSION_SECRET', new SecretValue('one')],
  ['DATABASE_URL', new SecretValue('two')],
]);
const READINGS = new Map([...VALUES].map(([name, value]) => [name, { fingerprint: value.fingerprint(KEY, name), faults: [] }]));
const WANTED = anApp({
  secrets: { SESSION_SECRET: { from: { env: 'SESSION_SECRET' } }, DATABASE_URL: { from: { env: 'DATABASE_URL' } } },
  addresses: ['v6', 'shared_v4'],
  certificates: ['www.example.com'],
  groups: [
    aGroup({
      machines: { nrt: 2 },
      config: aConfig({ mounts: [{ name: 'data', path: '/data' }] }),
      mount: { name: 'data', path: '/data', initialSizeGb: 1, snapshotRetention: null, scheduledSnapshots: null },
    }),
  ],
});
async function look(bench: Bench, app: CompiledApp, settled: boolean): Promise<PlanContext> {
  const memory = { ...emptyMemory(), adopted: true, syncedRevision: settled ? REVISION : null };
  const observed = await bench.wait(observeApp({ ...bench.ports, clock: bench.clock }, app.app, orgSlug('acme'), memory, SIGNAL));
  const secrets = { ...NO_SECRETS, keyId: KEY.id, records: bench.records, readings: READINGS };
  return aContext({ app, observed, secrets, memory, now: bench.clock.now(), seed: `pass-${bench.clock.now()}` });
}
const stepsOf = (kind: Law, context: PlanContext): readonly AnyStep[] =>
  kind
    .plan(context)
    .now.map((change) => ({ app: change.app, subject: change.subject, action: change.action, intent: intentFor(context.seed, change) }));

/** What is the same for all: a kind's own steps go by the registry. */
type Law = Pick<Kind, 'name' | 'rank' | 'owned' | 'plan' | 'price' | 'observe'>;
type Watch = (step: AnyStep, context: PlanContext) => Promise<void>;
/** Kind after kind as a pass writes them, until nobody finds anything. */
async function converge(bench: Bench, kinds: readonly Law[], app: CompiledApp, settled: boolean, watch: Watch): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const context = await look(bench, app, settled);
    const found = kinds.map((kind) => stepsOf(kind, context)).find((steps) => steps.length > 0);
    if (found === undefined) return;
    for (const step of found) await watch(step, context);
    await bench.clock.advance(seconds(15));
  }
  throw new Error(`still something to do after ${ROUNDS} rounds`);
}
const justApply =
  (bench: Bench): Watch =>
  async (step) => {
    const receipt = await bench.wait(applyStep(bench.ports, step, SIGNAL));
    if (step.action.kind !== 'secret' || receipt.secrets === undefined) return;
    for (const record of recordsAfter(step.action, receipt.secrets, bench.records, bench.clock.now()))
      bench.records.set(record.name, record);
  };
const upTo = (name: KindName): readonly Law[] => KINDS.slice(0, KINDS.findIndex((kind) => kind.name === name) + 1);

const firstMachine = ({ simulator }: Bench) => {
  const row = machinesOf(simulator.world, WANTED.app)[0];
  if (row === undefined) throw new Error('there is no machine');
  return row;
};
const onMachine = (bench: Bench, method: string, rest: string, body?: object): Promise<void> =>
  bench.byHand(method, `/v1/apps/${WANTED.app}/machines/${firstMachine(bench).id}${rest}`, body);
/** What somebody does to a finished world, so that every verb of the kind is needed. */
const DISTURBED: Readonly<Record<KindName, Readonly<Record<string, (bench: Bench) => Promise<void>>>>> = {
  app: {},
  'ip-address': {
    'an address is gone': async (bench) => {
      const [address] = bench.simulator.world.addresses.values();
      await bench.byHand('DELETE', `/v1/apps/${WANTED.app}/ip_assignments/${address?.ip}`);
    },
  },
  certificate: {
    'a certificate is gone': (bench) => bench.byHand('DELETE', `/v1/apps/${WANTED.app}/certificates/www.example.com`),
  },
  volume: {},
  secret: {
    'somebody set another value': (bench) =>
      bench.byHand('POST', `/v1/apps/${WANTED.app}/secrets`, { values: { SESSION_SECRET: 'by hand' } }),
    'somebody took one away': (bench) => bench.byHand('POST', `/v1/apps/${WANTED.app}/secrets`, { values: { SESSION_SECRET: null } }),
  },
  'machine-group': {
    'a machine is gone': (bench) => onMachine(bench, 'DELETE', '?force=true'),
    'a machine is stopped': (bench) => onMachine(bench, 'POST', '/stop'),
    'a machine is cordoned': (bench) => onMachine(bench, 'POST', '/cordon'),
    'a machine is changed': (bench) =>
      onMachine(bench, 'POST', '', { config: { ...firstMachine(bench).config, env: { LOG_LEVEL: 'debug' } } }),
    'somebody made a copy of a machine, without its volume': async (bench) => {
      const { config } = firstMachine(bench);
      await bench.byHand('POST', `/v1/apps/${WANTED.app}/machines`, { region: 'nrt', config: { ...config, mounts: [] } });
    },
  },
};
/** Kinds of which at least one of the steps that a disturbed world needs can be taken back without a person. */
const REVERSIBLE: readonly KindName[] = ['certificate', 'secret', 'machine-group'];
function undoOf(action: Action, before: ObservedApp): Action | null {
  switch (action.kind) {
    case 'app':
      return app.undo(action, before);
    case 'ip-address':
      return ipAddress.undo(action, before);
    case 'certificate':
      return certificate.undo(action, before);
    case 'volume':
      return volume.undo(action, before);
    case 'secret':
      return secret.undo(action, before);
    case 'machine-group':
      return machineGroup.undo(action, before);
  }
}
/** A write names the version it is made for: to take one back, that is the version which it made. */
function atPresent({ simulator }: Bench, action: Action): Action {
  if (!('instance' in action)) return action;
  const row = simulator.world.machines.get(action.machine);
  return row === undefined ? action : { ...action, instance: instanceId(row.instanceId) };
}
/** What was observed, without what is another one for every version and every moment. */
async function pictureOf(bench: Bench, kind: Law): Promise<unknown> {
  const { machines, secrets, ...rest } = await bench.wait(kind.observe(bench.ports, WANTED.app, SIGNAL));
  return {
    ...rest,
    ...(machines === undefined
      ? {}
      : {
          machines: machines.map(
            ({ instanceId: _instance, events: _events, updatedAt: _at, checks: _checks, metadata: _stamp, config, ...one }) => ({
              ...one,
              config: { ...config, metadata: null },
            }),
          ),
        }),
    ...(secrets === undefined ? {} : { secrets: secrets.map(({ name, digest }) => ({ name, digest })) }),
  };
}
/** A pointer into the machine's config or to a secret's value, or a word of the kind itself. */
const ownedName = (kind: KindName, pointer: string): string =>
  kind === 'secret' && pointer.startsWith('/') ? 'value' : pointer === '/image' ? 'image' : pointer.startsWith('/') ? 'config' : pointer;
/** Rows that exist now, by table. */
const countsOf = ({ simulator: { world } }: Bench): object => ({
  apps: world.apps.size,
  addresses: world.addresses.size,
  certificates: world.certificates.size,
  volumes: world.volumes.size,
  secrets: [...world.secrets.values()].map(({ name, digest }) => [name, digest]).sort(),
  machines: machinesOf(world, WANTED.app).filter(({ state }) => state !== 'destroyed' && state !== 'destroying').length,
});

describe.each(KINDS.map((kind): Law => kind))('$name', (kind) => {
  test('finds nothing where everything is as asked, and says the same twice', async () => {
    const bench = makeBench();
    await converge(bench, KINDS, WANTED, false, justApply(bench));
    for (const settled of [false, true]) {
      const context = await look(bench, WANTED, settled);
      expect(kind.plan(context)).toMatchObject({ now: [], later: [], holds: [], drifts: [] });
      expect(kind.plan(context)).toEqual(kind.plan(context));
    }
  });
  test('has nothing left to do after its steps were applied', async () => {
    const bench = makeBench();
    await converge(bench, upTo(kind.name), WANTED, false, justApply(bench));
    expect(stepsOf(kind, await look(bench, WANTED, false))).toEqual([]);
  });
  test('applied twice is applied once', async () => {
    const bench = makeBench();
    await converge(bench, upTo(kind.name), WANTED, false, async (step, context) => {
      await justApply(bench)(step, context);
      const once = countsOf(bench);
      if (step.action.kind === kind.name) await justApply(bench)(step, context);
      expect(countsOf(bench), step.subject).toEqual(once);
    });
  });
  test('never repeats what makes something, while an earlier call may still land', async () => {
    const bench = makeBench();
    await converge(bench, upTo(kind.name), WANTED, false, async (step) => {
      if (step.action.kind === kind.name) expect(isRepeatable(step), step.subject).toBe(step.action.verb !== 'create');
      await justApply(bench)(step, await look(bench, WANTED, false));
    });
  });
  test('sees what was applied, and nothing before', async () => {
    const bench = makeBench();
    await converge(bench, upTo(kind.name), WANTED, false, async (step, context) => {
      const since = bench.clock.now();
      if (step.action.kind === kind.name) expect(await bench.wait(findStep(bench.ports, step, since, SIGNAL)), step.subject).toBeNull();
      await justApply(bench)(step, context);
      expect(await bench.wait(findStep(bench.ports, step, since, SIGNAL)), step.subject).not.toBeNull();
    });
  });
  test('writes nothing when it observes', async () => {
    const bench = makeBench();
    await converge(bench, KINDS, WANTED, false, justApply(bench));
    const before = bench.simulator.world.counters.writes;
    await bench.wait(kind.observe(bench.ports, WANTED.app, SIGNAL));
    expect(bench.simulator.world.counters.writes).toBe(before);
  });
  test('never has a price below nothing', async () => {
    const bench = makeBench();
    const empty = await look(bench, WANTED, false);
    expect(kind.price(empty.observed, SHIPPED_PRICES)).toEqual([]);
    await converge(bench, KINDS, WANTED, false, justApply(bench));
    const { observed } = await look(bench, WANTED, true);
    for (const { microUsdPerHour } of kind.price(observed, SHIPPED_PRICES)) {
      expect(microUsdPerHour).toBeGreaterThanOrEqual(0);
      expect(Number.isInteger(microUsdPerHour)).toBe(true);
    }
  });
  test('says of no field that is not its own, whatever happened to the world', async () => {
    const said = new Set<string>();
    const note = async (context: PlanContext): Promise<void> => {
      const { now, later, holds, drifts } = kind.plan(context);
      const changes = [...now, ...later.flat(), ...holds.flatMap(({ change }) => change ?? [])];
      for (const { action, fields } of changes)
        if (action.kind === kind.name) for (const field of fields) said.add(ownedName(kind.name, field.pointer));
      for (const { field, kind: of } of drifts) if (of === kind.name) said.add(ownedName(kind.name, field.pointer));
    };
    for (const disturb of [async () => undefined, ...Object.values(DISTURBED[kind.name])]) {
      const bench = makeBench();
      await converge(bench, KINDS, WANTED, false, async (step, context) => {
        await note(context);
        await justApply(bench)(step, context);
      });
      await disturb(bench);
      await bench.clock.advance(seconds(15));
      await note(await look(bench, WANTED, true));
    }
    expect([...said].filter((name) => !kind.owned.includes(name))).toEqual([]);
  });
  test('what takes a step back restores what was observed before it', async () => {
    let undone = 0;
    for (const disturb of [async () => undefined, ...Object.values(DISTURBED[kind.name])]) {
      const bench = makeBench();
      await converge(bench, KINDS, WANTED, false, justApply(bench));
      await disturb(bench);
      await bench.clock.advance(seconds(15));
      await converge(bench, KINDS, WANTED, true, async (step, context) => {
        const back = undoOf(step.action, context.observed);
        if (step.action.kind === kind.name && back !== null) {
          const before = await pictureOf(bench, kind);
          await justApply(bench)(step, context);
          await bench.clock.advance(seconds(30));
          await bench.wait(applyStep(bench.ports, { ...step, action: atPresent(bench, back) }, SIGNAL));
          await bench.clock.advance(seconds(30));
          expect(await pictureOf(bench, kind), step.subject).toEqual(before);
          undone += 1;
          // Done once more, so that the world comes to its end.
          const again = stepsOf(kind, await look(bench, WANTED, true)).find(({ subject }) => subject === step.subject);
          if (again !== undefined) await justApply(bench)(again, context);
          return;
        }
        await justApply(bench)(step, context);
      });
    }
    expect(undone > 0).toBe(REVERSIBLE.includes(kind.name));
  });
  test.each(Object.entries(DISTURBED[kind.name]))('puts it back when %s', async (_, disturb) => {
    const bench = makeBench();
    await converge(bench, KINDS, WANTED, false, justApply(bench));
    const before = countsOf(bench);
    await disturb(bench);
    await bench.clock.advance(seconds(15));
    expect(kind.plan(await look(bench, WANTED, true)).drifts.length).toBeGreaterThan(0);
    await converge(bench, KINDS, WANTED, true, async (step, context) => {
      const since = bench.clock.now();
      // Machines are written again for the secrets they must run with.
      expect([kind.name, ...(kind.name === 'secret' ? ['machine-group'] : [])]).toContain(step.action.kind);
      await justApply(bench)(step, context);
      expect(await bench.wait(findStep(bench.ports, step, since, SIGNAL)), step.subject).not.toBeNull();
    });
    expect(countsOf(bench)).toEqual(before);
    expect(bench.simulator.world.counters.rateLimitViolations).toBe(0);
  });
});
test('kinds are written in rising rank', () => {
  const ranks = KINDS.map(({ rank }) => rank);
  expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
});
