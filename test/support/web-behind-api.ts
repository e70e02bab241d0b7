/** An environment of two apps, `web` behind `api`, for tests of releases; and a database whose migrations are only counted. */

import { ok } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { ms } from '#domain/units.ts';
import type { MigrateDep } from '#engine/release-ports.ts';
import type { Files, Harness } from './harness.ts';
import { oneApp, type WorldOptions } from './worlds.ts';

export const [WEB, API] = ['acme-web', 'acme-api'];
export interface Versions extends WorldOptions {
  readonly web?: string;
  readonly api?: string;
  readonly apiMemory?: string;
  readonly apiMachines?: string;
  /** More lines of the app `api`. */
  readonly apiExtra?: string;
  readonly apiToml?: string;
  /** Names of files in `db/migrations`; they are declared when there is one. */
  readonly migrations?: readonly string[];
}
export function world(versions: Versions = {}): Files {
  const { web = 'v1', api = 'v1', apiMemory = '256mb', apiMachines, apiExtra = '', apiToml, migrations = [], ...options } = versions;
  const env = `${options.env ?? ''}${migrations.length === 0 ? '' : DATABASE}`;
  const files = oneApp({ ...options, env, image: `registry.fly.io/acme-web:${web}`, extra: `  dependsOn: [api]\n${options.extra ?? ''}` });
  const own = oneApp({
    image: `registry.fly.io/acme-api:${api}`,
    memory: apiMemory,
    extra: apiExtra,
    ...(apiMachines === undefined ? {} : { machines: apiMachines }),
    ...(apiToml === undefined ? {} : { toml: apiToml }),
  });
  const yaml = own['desired-state/test/web.yaml'] ?? '';
  return {
    ...files,
    'desired-state/test/api.yaml': yaml
      .replace('name: web', 'name: api')
      .replace('acme-web\n', 'acme-api\n')
      .replace('fly.toml', 'api.toml'),
    'api.toml': own['fly.toml']?.replace('acme-web', 'acme-api') ?? '',
    ...Object.fromEntries(migrations.map((name) => [`db/migrations/${name}`, `create table t${Number.parseInt(name, 10)} (id int);`])),
  };
}
const DATABASE = `  database:
    url: { from: { env: DATABASE_URL } }
    migrations: { directory: db/migrations, run: whenChanged }
`;
export const commit = (harness: Harness, files: Files): void => {
  for (const [path, text] of Object.entries(files)) harness.files.set(path, text);
};
export const tags = (harness: Harness, app: string): string => [...new Set(harness.machines(app).map(({ image }) => image.tag))].join();
export const book = (harness: Harness) => harness.controller().environments.view('test')?.state?.book;
export const holds = (harness: Harness, app: string) => harness.status(app)?.held.map(({ reason }) => reason) ?? [];
export const ended = (harness: Harness): readonly string[] =>
  harness.events.flatMap((event) => (event.type === 'ReleaseEnded' ? [`${event.kind} ${event.result}`] : []));

/** What a database keeps: which files ran, each with its history row in one transaction, so that none is ever half there. `dies`: right after. */
export function countedMigrations(dies: (written: string) => boolean = () => false) {
  const ran: string[] = [];
  const filesOf = ({ declared }: CompiledEnvironment): readonly string[] => (declared?.migrations?.files ?? []).map(({ path }) => path);
  const pendingOf = (environment: CompiledEnvironment) => filesOf(environment).filter((path) => !ran.includes(path));
  const part: MigrateDep['migrations'] = {
    plan: (environment) => Promise.resolve(ok({ set: filesOf(environment).join(), pending: pendingOf(environment) })),
    apply: async (environment) => {
      for (const path of pendingOf(environment)) {
        ran.push(path);
        if (dies(`migration ${path}`)) return new Promise(() => undefined);
      }
      return ok({ items: ran.map((what) => ({ what, state: 'ok', message: '', remedy: null, took: ms(0) })) });
    },
  };
  return { ran, part };
}
