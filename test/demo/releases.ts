/** Releases: a schema first, then the apps; what fails comes back by itself and stays away; a secret rolls when its source changes. */
import { z } from 'zod';
import { openDatabaseOn, type TestDatabase } from '#test/support/fresh-database.ts';
import { type HandMachine, makeHands } from './hands.ts';
import type { Tour } from './tour.ts';

const API = 'acme-checkout-api';
const WEB = 'acme-checkout-web';
/** The controller's own answers: no platform counts them. */
const OFTEN_MS = 500;

export async function walkReleases(tour: Tour): Promise<void> {
  const database = await openDatabaseOn(process.env['DATABASE_URL'] ?? '');
  try {
    const stage = makeStage(tour, database);
    await schemaFirst(stage);
    await comesBack(stage);
    await goesOn(stage);
    await rotates(stage);
    await newContentLiftsThePin(stage);
    tour.say((await tour.trimtab(['history', 'checkout'])).out.trim());
  } finally {
    await database.drop();
  }
}

async function schemaFirst({ tour, database, hands, commit, released, runs }: Stage): Promise<void> {
  tour.title('Releases: two apps that do not exist yet, and a database for them');
  tour.put({ 'secrets/DATABASE_URL': database.url, 'secrets/SESSION_KEY': 'the first key' });
  tour.put({ 'infra/api.toml': tomlOf(API), 'infra/web.toml': tomlOf(WEB), 'desired-state/checkout/environment.yaml': ENVIRONMENT });
  commit({ 'db/migrations/0001_orders.up.sql': 'create table orders (id bigint primary key);\n' }, { api: 'v1', web: 'v1' });
  await tour.controller.start();
  const first = await released(1);
  const tables = await database.query("select tablename from pg_tables where tablename = 'orders'");
  const made = tables.length === 1 && (await runs(API, 'v1')) && (await runs(WEB, 'v1'));
  tour.check('two apps from nothing', `table orders, then api, then web: ${first.phase}`, first.took, first.phase === 'complete' && made);

  commit({ 'db/migrations/0002_total.up.sql': 'alter table orders add column total_yen bigint;\n' }, { api: 'v2' });
  const second = await released(2);
  const [applied] = Applied.parse(await database.query('select at from trimtab_migrations where version = 2'));
  const columns = await database.query("select column_name from information_schema.columns where column_name = 'total_yen'");
  const newest = (await hands.machines(API)).map(({ updatedAt }) => updatedAt);
  const before = applied !== undefined && columns.length === 1 && newest.every((at) => at > applied.at.getTime());
  const good = second.phase === 'complete' && before && (await runs(API, 'v2'));
  tour.check('a release with a migration', 'the column was there before v2 started', second.took, good);
}
const Applied = z.array(z.object({ at: z.coerce.date() }));

async function comesBack({ tour, hands, commit, released, runs, pins, settled }: Stage): Promise<void> {
  tour.title('An image whose checks never pass: nobody is called');
  const untouched = identity(await hands.machines(API));
  const from = performance.now();
  commit({}, { web: 'v2-failing' });
  const failed = await released(3);
  await settled();
  const took = (performance.now() - from) / 1_000;
  const back = failed.phase === 'failed' && (await runs(WEB, 'v1')) && identity(await hands.machines(API)) === untouched;
  tour.check('an image that fails its checks', 'v1 is live again; the api was not touched', took, back);
  const pinned = await pins();
  const held = pinned.length === 1 && pinned[0]?.app === WEB && pinned[0].image.includes('v2-failing');
  tour.check('what failed', held ? 'pinned: not tried again' : JSON.stringify(pinned), null, held);
}
async function goesOn({ tour, commit, released, runs, holds }: Stage): Promise<void> {
  tour.title('An unrelated commit: it goes live, and what failed stays away');
  commit({}, { api: 'v3' });
  const { phase, took } = await released(4);
  const good = phase === 'complete' && (await runs(API, 'v3')) && (await runs(WEB, 'v1')) && (await holds()).join() === 'RevisionPinned';
  tour.check('an unrelated commit', 'api v3 is live, web stays at v1, v2 stays pinned', took, good);
  tour.say((await tour.trimtab(['status', 'checkout'])).out.trim());
}
async function rotates({ tour, hands, settled }: Stage): Promise<void> {
  tour.title('A secret gets a new value at its source; nobody commits anything');
  const before = await hands.machines(WEB);
  const writes = await hands.writesTo('POST /apps/{app_name}/secrets');
  const from = performance.now();
  tour.put({ 'secrets/SESSION_KEY': 'the second key' });
  await tour.waitFor(
    'both machines run with the new value',
    async () => (await hands.machines(WEB)).every(({ instance, passing }) => passing && before.every((one) => one.instance !== instance)),
    60,
  );
  await settled();
  const took = (performance.now() - from) / 1_000;
  const written = (await hands.writesTo('POST /apps/{app_name}/secrets')) - writes;
  tour.check('a secret rotated at its source', `${written} write, ${before.length} machines, one after the other`, took, written === 1);
  const shown = await tour.trimtab(['secrets', 'status', 'checkout']);
  tour.say(shown.out.trim());
  const clean = shown.code === 0 && !/the (first|second) key/.test(shown.out);
  tour.check('its value', clean ? 'shown nowhere' : 'shown', null, clean);
}
async function newContentLiftsThePin({ tour, commit, released, runs, holds }: Stage): Promise<void> {
  tour.title('The next image is a good one');
  const number = (await newestRelease(tour)).number + 1;
  commit({}, { web: 'v3' });
  const { phase, took } = await released(number);
  const good = phase === 'complete' && (await runs(WEB, 'v3')) && (await holds()).length === 0;
  tour.check('a new image', 'live; nothing is held any more', took, good);
}

interface Stage {
  readonly tour: Tour;
  readonly database: TestDatabase;
  readonly hands: ReturnType<typeof makeHands>;
  /** Files, and the images of both apps: what is not said stays. */
  commit(files: Readonly<Record<string, string>>, images: { readonly api?: string; readonly web?: string }): void;
  /** Waits for the end of the release of this number. Seconds since the last commit. */
  released(number: number): Promise<{ readonly phase: string; readonly took: number }>;
  runs(app: string, tag: string): Promise<boolean>;
  pins(): Promise<readonly { readonly app: string; readonly image: string }[]>;
  /** Why something of it waits on purpose. */
  holds(): Promise<readonly string[]>;
  settled(): Promise<unknown>;
}
function makeStage(tour: Tour, database: TestDatabase): Stage {
  const hands = makeHands(tour.api);
  let images = { api: '', web: '' };
  let committedAt = performance.now();
  return {
    tour,
    database,
    hands,
    commit: (files, changed) => {
      images = { ...images, ...changed };
      committedAt = performance.now();
      tour.put({
        ...files,
        'desired-state/checkout/api.yaml': appOf('api', API, images.api),
        'desired-state/checkout/web.yaml': appOf('web', WEB, images.web, WEB_ONLY),
      });
    },
    released: async (number) => {
      const ended = async (): Promise<boolean> => {
        const newest = await newestRelease(tour);
        return newest.number === number && newest.endedAt !== null;
      };
      await tour.waitFor(`release #${number} has ended`, ended, 90, OFTEN_MS);
      return { phase: (await newestRelease(tour)).phase, took: (performance.now() - committedAt) / 1_000 };
    },
    runs: async (app, tag) => {
      const machines = await hands.machines(app);
      return machines.length === 2 && machines.every(({ image, state, passing }) => image === tag && state === 'started' && passing);
    },
    pins: async () => (await checkout(tour)).pins,
    holds: async () => (await checkout(tour)).apps.flatMap(({ held }) => held.map(({ reason }) => reason)),
    settled: () =>
      tour.waitFor(
        'checkout is healthy',
        async () => (await checkout(tour)).apps.every(({ health, sync }) => health === 'Healthy' && sync === 'Synced'),
        60,
        OFTEN_MS,
      ),
  };
}
const identity = (machines: readonly HandMachine[]): string =>
  machines
    .map(({ id, instance }) => `${id} ${instance}`)
    .sort()
    .join();
const Answers = z.array(
  z.looseObject({
    name: z.string(),
    pins: z.array(z.looseObject({ app: z.string(), image: z.string() })),
    apps: z.array(z.looseObject({ sync: z.string(), health: z.string(), held: z.array(z.looseObject({ reason: z.string() })) })),
  }),
);
async function checkout(tour: Tour): Promise<z.infer<typeof Answers>[number]> {
  const found = Answers.parse(await tour.controller.ask('/api/v1/environments')).find(({ name }) => name === 'checkout');
  if (found === undefined) throw new Error('checkout is not known');
  return found;
}
const Releases = z.object({
  releases: z.array(z.looseObject({ number: z.number(), phase: z.string(), endedAt: z.number().nullable() })).min(1),
});
async function newestRelease(tour: Tour): Promise<z.infer<typeof Releases>['releases'][number]> {
  const [newest] = Releases.parse(await tour.controller.ask('/api/v1/releases?environment=checkout&limit=1')).releases;
  if (newest === undefined) throw new Error('there is no release');
  return newest;
}

const ENVIRONMENT = `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: checkout }
spec:
  organization: acme
  primaryRegion: nrt
  sync: { mode: automatic }
  database:
    url: { from: { file: secrets/DATABASE_URL } }
    migrations: { directory: db/migrations, format: golang-migrate }
`;
const WEB_ONLY = `  dependsOn: [api]
  secrets: { SESSION_KEY: { from: { file: secrets/SESSION_KEY }, rotateEvery: 90d } }
`;
const appOf = (name: string, app: string, tag: string, more = ''): string => `apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: ${name} }
spec:
  app: ${app}
  config: infra/${name}.toml
  image: registry.fly.io/${app}:${tag}
  groups: { app: { machines: { nrt: 2 } } }
  rollout: { waitTimeout: 10s }
${more}`;
const tomlOf = (app: string): string => `app = "${app}"
primary_region = "nrt"

[http_service]
  internal_port = 8080
  auto_stop_machines = "off"
  min_machines_running = 2

  [[http_service.checks]]
    interval = "2s"
    timeout = "1s"
    grace_period = "1s"
    method = "GET"
    path = "/healthz"
`;
