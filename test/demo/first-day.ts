/** The first day with a world that was made by hand: imported, taken over, changed, put right, given back. */
import { deployByHand, type HandMachine, makeHands } from './hands.ts';
import type { Tour } from './tour.ts';

export async function walkFirstDay({ say, title, check, trimtab, controller, edit, api, waitFor, folder }: Tour): Promise<void> {
  const hands = makeHands(api);
  title('A world deployed by hand, as the CLI leaves it: two apps, one machine each');
  await deployByHand(api, 'acme-shop-web', 'nrt');
  await deployByHand(api, 'acme-shop-api', 'nrt');
  await waitFor(
    'both machines run',
    async () =>
      (await hands.machines('acme-shop-web')).concat(await hands.machines('acme-shop-api')).every(({ state }) => state === 'started'),
    30,
  );
  const before = await identities(hands.machines);
  say(`machines ${before.map(({ name, id }) => `${name} (${id})`).join(', ')}`);

  title('trimtab import: a folder from what runs');
  const imported = await trimtab(['import', 'shop', '--org', 'acme', '--folder', folder]);
  say(imported.out.trim());
  const plan = await trimtab(['plan', 'shop']);
  check('import, then plan', plan.code === 0 ? 'nothing to do' : plan.out, null, imported.code === 0 && plan.code === 0);

  title('observe: the controller only looks');
  const writes = await hands.writes();
  await controller.start();
  await waitFor('it has looked', async () => (await controller.status()).every(({ health }) => health === 'Healthy'), 30);
  await hands.setMemory('acme-shop-web', 512);
  await waitFor('the drift is seen', async () => (await controller.status()).some(({ sync }) => sync === 'OutOfSync'), 30);
  const touched = (await hands.writes()) - writes - 1;
  check(
    'memory changed by hand while observing',
    touched === 0 ? 'shown, left alone on purpose' : `${touched} writes`,
    null,
    touched === 0,
  );
  await hands.setMemory('acme-shop-web', 256);
  await waitFor(
    'the machine is back',
    async () => (await hands.machines('acme-shop-web')).every(({ state, passing }) => state === 'started' && passing),
    60,
  );

  title('automatic: taken over without a restart');
  const taken = await identities(hands.machines);
  edit('environment.yaml', (text) => text.replace('mode: observe', 'mode: automatic'));
  const adoption = await waitFor('both machines carry the stamp', async () => (await hands.all()).every(({ stamped }) => stamped), 60);
  const after = await identities(hands.machines);
  check('adoption', same(taken, after) ? 'stamped, same instances' : 'a machine restarted', adoption, same(taken, after));
  await waitFor('everything is as git says', async () => (await controller.status()).every(({ sync }) => sync === 'Synced'), 30);

  title('A commit: the count, and which image runs');
  edit('web.yaml', (text) =>
    text.replace('nrt: 1', 'nrt: 2').replace('  app: acme-shop-web\n', '  app: acme-shop-web\n  image: registry.fly.io/acme-shop-web:v1\n'),
  );
  const grown = await waitFor('two machines run', async () => running(await hands.machines('acme-shop-web')) === 2, 60);
  check(
    'commit: machines nrt 1 → 2',
    'second machine made, the first not touched',
    grown,
    same(
      after.filter(({ app }) => app === 'acme-shop-web'),
      (await identities(hands.machines)).filter(({ id }) => after.some((one) => one.id === id && one.app === 'acme-shop-web')),
    ),
  );
  await waitFor(
    'settled',
    async () => (await controller.status()).every(({ sync, health }) => sync === 'Synced' && health === 'Healthy'),
    60,
  );

  title('Now somebody changes things by hand');
  const settled = async (): Promise<boolean> =>
    (await controller.status()).every(({ sync, health }) => sync === 'Synced' && health === 'Healthy');
  const web = 'acme-shop-web';
  const corrections: readonly { readonly what: string; readonly act: () => Promise<unknown>; readonly right: () => Promise<boolean> }[] = [
    {
      what: 'memory 256 → 512',
      act: () => hands.setMemory(web, 512),
      right: async () => (await hands.machines(web)).every(({ memory }) => memory === 256),
    },
    {
      what: 'env LOG_LEVEL changed',
      act: () => hands.setEnv(web, 'LOG_LEVEL', 'debug'),
      right: async () => (await hands.machines(web)).every(({ env }) => env['LOG_LEVEL'] === 'info'),
    },
    {
      what: 'min_machines_running 1 → 0',
      act: () => hands.setFloor(web, 0),
      right: async () => (await hands.machines(web)).every(({ floor }) => floor === 1),
    },
    {
      what: 'image v1 → v2',
      act: () => hands.setImage(web, 'registry.fly.io/acme-shop-web:v2'),
      right: async () => (await hands.machines(web)).every(({ image }) => image === 'v1'),
    },
    { what: 'a machine destroyed', act: () => hands.destroyOne(web), right: async () => running(await hands.machines(web)) === 2 },
    {
      what: 'a machine stopped',
      act: () => hands.stopOne('acme-shop-api'),
      right: async () => running(await hands.machines('acme-shop-api')) === 1,
    },
    {
      what: 'a machine cordoned',
      act: () => hands.cordonOne(web),
      right: async () => (await hands.machines(web)).every(({ cordoned }) => !cordoned),
    },
    { what: 'a machine cloned', act: () => hands.cloneOne(web), right: async () => (await hands.machines(web)).length === 2 },
  ];
  for (const { what, act, right } of corrections) {
    const before = await controller.corrected();
    const from = performance.now();
    await act();
    await waitFor(`corrected: ${what}`, async () => (await controller.corrected()) > before && (await right()) && (await settled()), 90);
    check(what, 'corrected', (performance.now() - from) / 1_000, true);
  }
  title('An image that the registry does not have: the platform says yes, and the old version keeps running');
  await hands.setImage(web, 'registry.fly.io/acme-shop-web:v3-missing');
  const kept = await waitFor(
    'v1 runs as if nothing had been asked',
    async () => (await hands.machines(web)).every(({ image, state }) => image === 'v1' && state === 'started') && (await settled()),
    90,
  );
  check('image changed to one that is missing', 'v1 runs, seen by its digest', kept, true);

  title('A foreign machine beside ours');
  const foreign = await hands.runForeign(web);
  await new Promise((done) => setTimeout(done, 6_000));
  const alone = (await hands.raw(web)).some(({ id, state }) => id === foreign && state === 'started');
  check('a machine without a stamp', alone ? 'left alone on purpose' : 'touched', null, alone);

  title('eject: the stamps come off, and nothing restarts');
  const last = await identities(hands.machines);
  const ejected = await trimtab(['eject', 'shop']);
  say(ejected.out.trim());
  const free = await hands.all();
  check(
    'eject',
    'no stamp left, no restart',
    null,
    ejected.code === 0 && free.every(({ stamped }) => !stamped) && same(last, await identities(hands.machines)),
  );
  check('requests of trimtab above the published rate limits', String(await hands.violations()), null, (await hands.violations()) === 0);
}
const running = (machines: readonly HandMachine[]): number => machines.filter(({ state }) => state === 'started').length;
interface Identity {
  readonly app: string;
  readonly id: string;
  readonly name: string;
  readonly instance: string;
}
async function identities(machines: (app: string) => Promise<readonly HandMachine[]>): Promise<readonly Identity[]> {
  const all = await Promise.all(
    ['acme-shop-web', 'acme-shop-api'].map(async (app) =>
      (await machines(app)).map(({ id, name, instance }) => ({ app, id, name, instance })),
    ),
  );
  return all.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
}
const same = (a: readonly Identity[], b: readonly Identity[]): boolean => JSON.stringify(a) === JSON.stringify(b);
