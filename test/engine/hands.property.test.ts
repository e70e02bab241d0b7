/** Whatever people do, in whatever order: the world comes back to git, and what is not ours is never touched. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { perform } from '#simulator/acts.ts';
import type { MachineRow } from '#simulator/world.ts';
import {
  actByHand,
  cloneByHand,
  createByHand,
  destroyByHand,
  updateByHand,
  withEnv,
  withImage,
  withMemory,
  withService,
} from '#test/support/hands.ts';
import { describe, type Harness, makeHarness } from '#test/support/harness.ts';
import { FLY_TOML, oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const FOREIGN = 'somebodys-own';
const HANDS = {
  env: (h: Harness, row: MachineRow) => updateByHand(h, row, withEnv({ LOG_LEVEL: 'debug' })),
  memory: (h: Harness, row: MachineRow) => updateByHand(h, row, withMemory(512)),
  image: (h: Harness, row: MachineRow) => updateByHand(h, row, withImage('registry.fly.io/acme-web:v0')),
  service: (h: Harness, row: MachineRow) => updateByHand(h, row, withService({ internal_port: 9090 })),
  stop: (h: Harness, row: MachineRow) => actByHand(h, row, 'stop'),
  cordon: (h: Harness, row: MachineRow) => actByHand(h, row, 'cordon'),
  restart: (h: Harness, row: MachineRow) => actByHand(h, row, 'restart'),
  destroy: (h: Harness, row: MachineRow) => destroyByHand(h, row),
  clone: (h: Harness, row: MachineRow) => cloneByHand(h, row),
  crash: (h: Harness, row: MachineRow) => Promise.resolve(perform(h.simulator.world, { act: 'crash', machine: row.id })),
  migrate: (h: Harness, row: MachineRow) => Promise.resolve(perform(h.simulator.world, { act: 'migrate', machine: row.id })),
  restartController: (h: Harness) => h.restart(),
} as const;
const isHand = (name: string): name is keyof typeof HANDS => name in HANDS;
const NAMES = Object.keys(HANDS).filter(isHand);
/** A few hand changes with pauses between; longer than the window of contention, so that nothing is held for being repeated. */
const CONTENTION_S = 660;

const act = fc.record({
  hand: fc.constantFrom(...NAMES),
  which: fc.nat({ max: 9 }),
  pause: fc.constantFrom(0, 1, 3, 10, 45),
});
const acts = fc.array(act, { minLength: 1, maxLength: 6 });
type Acts = readonly { readonly hand: keyof typeof HANDS; readonly which: number; readonly pause: number }[];

async function play(harness: Harness, done: Acts): Promise<void> {
  for (const { hand, which, pause } of done) {
    const ours = harness.machines(APP).filter(({ name, state }) => name !== FOREIGN && state !== 'destroying');
    const row = ours[which % Math.max(1, ours.length)];
    // What the platform refuses at this moment, people are refused too.
    if (row !== undefined) await HANDS[hand](harness, row).catch(() => undefined);
    await harness.pass(pause);
  }
}
const picture = (harness: Harness): readonly unknown[] =>
  harness
    .machines(APP)
    .filter(({ name }) => name !== FOREIGN)
    .map(({ region, state, cordoned, image, config }) => ({
      region,
      state,
      cordoned,
      image: image.tag,
      env: config.env,
      guest: config.guest,
      services: config.services,
    }));

/** A migration gives a volume another id: how many there are, and that each is in use, says that none was lost and none was made in vain. */
const volumesOf = ({ simulator }: Harness): readonly boolean[] =>
  [...simulator.world.volumes.values()].map(
    ({ attachedMachine }) => simulator.world.machines.get(attachedMachine ?? '')?.state === 'started',
  );
async function comesBack(files: Readonly<Record<string, string>>, done: Acts): Promise<void> {
  const harness = await makeHarness({ files });
  await harness.untilSettled();
  await createByHand(harness, APP, {}, { name: FOREIGN });
  await harness.pass(15);
  const before = picture(harness);
  const foreign = (): unknown =>
    harness.machines(APP).flatMap(({ name, instanceId, config, state }) => (name === FOREIGN ? [{ instanceId, config, state }] : []));
  const theirs = JSON.stringify(foreign());
  const volumes = volumesOf(harness);
  await play(harness, done);
  await harness.pass(CONTENTION_S);
  await harness.untilSettled(1_500);
  await harness.pass(60);
  expect(picture(harness), describe(harness.controller())).toEqual(before);
  expect(JSON.stringify(foreign())).toBe(theirs);
  expect(volumesOf(harness)).toEqual(volumes);
  expect(harness.simulator.world.counters.byRoute.get('DELETE /apps/{app_name}/volumes/{volume_id}')).toBeUndefined();
  expect(harness.simulator.world.counters.rateLimitViolations).toBe(0);
  const writes = harness.writes();
  await harness.pass(300);
  expect(harness.writes()).toBe(writes);
  await harness.stop();
}
const RUNS = { numRuns: 20, seed: 20_261_124 };

test('an app without volumes comes back to what git says after any hand changes', async () => {
  await fc.assert(
    fc.asyncProperty(acts, (done) => comesBack(oneApp({ machines: '{ nrt: 3 }' }), done)),
    RUNS,
  );
}, 120_000);
test('an app with volumes comes back too, and no volume is lost', async () => {
  const toml = `${FLY_TOML}\n[[mounts]]\n  source = "data"\n  destination = "/data"\n`;
  await fc.assert(
    fc.asyncProperty(acts, (done) => comesBack(oneApp({ machines: '{ nrt: 2 }', toml }), done)),
    RUNS,
  );
}, 120_000);
