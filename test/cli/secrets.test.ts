/** `secrets status` and `secrets sync` as a person reads them, and which variables they take. */
import { describe, expect, test } from 'vitest';
import type { CliContext } from '#cli/context.ts';
import { secretsStatus, secretsSync } from '#cli/secrets.ts';
import type { SecretStatus } from '#domain/condition.ts';
import { ok } from '#domain/result.ts';
import { hours, instant } from '#domain/units.ts';
import type { AppSecrets, AppSynced, GivenValues, Operator } from '#engine/operator.ts';
import { makeVirtualClock } from '#simulator/clock.ts';
import { START } from '#test/support/harness.ts';

const ALL = { environment: null, app: null };
const DAY = hours(24);
const row = (over: Partial<SecretStatus> = {}): SecretStatus => ({
  name: 'SESSION_SECRET',
  source: 'env STAGING_SESSION_SECRET',
  kind: 'env',
  required: true,
  state: 'Synced',
  machines: 2,
  of: 2,
  since: instant(START - 30 * DAY),
  rotationDue: instant(START + 60 * DAY),
  problem: null,
  ...over,
});
const looked = (secrets: readonly SecretStatus[], over: Partial<AppSecrets> = {}): AppSecrets => ({
  environment: 'staging',
  name: 'web',
  app: 'acme-web',
  secrets,
  unknown: [],
  variables: Object.fromEntries(secrets.map(({ name }) => [name, [`STAGING_${name}`, name]])),
  error: null,
  ...over,
});
const SYNCED: AppSynced = {
  environment: 'staging',
  name: 'web',
  app: 'acme-web',
  written: ['DEPLOY_KEY'],
  staged: ['DEPLOY_KEY'],
  problems: [],
  held: [],
  error: null,
};

async function run(
  command: (context: CliContext) => Promise<number>,
  looks: readonly AppSecrets[],
  synced: readonly AppSynced[] = [SYNCED],
  json = false,
) {
  let out = '';
  let err = '';
  const given: { values: GivenValues | null; apply: boolean | null } = { values: null, apply: null };
  const asked: Pick<Operator, 'secrets' | 'syncSecrets'> = {
    secrets: () => Promise.resolve(ok(looks)),
    syncSecrets: (_selection, wish) => {
      given.values = wish.values;
      given.apply = wish.apply;
      return Promise.resolve(ok(synced));
    },
  };
  const operator: Operator = new Proxy(Object.create(null), { get: (_, name) => Reflect.get(asked, name) });
  const context: CliContext = {
    clock: makeVirtualClock(START),
    signal: AbortSignal.timeout(5_000),
    user: 'ann',
    terminal: false,
    json,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    open: () => Promise.resolve(ok({ operator, server: null, converge: null, look: null, close: () => Promise.resolve() })),
  };
  const code = await command(context);
  return { code, out, err, ...given };
}
const names = (values: GivenValues | null): readonly string[] => [...(values?.get('acme-web')?.keys() ?? [])];

describe('secrets status', () => {
  const status = (looks: readonly AppSecrets[], json = false) => run((context) => secretsStatus(context, ALL), looks, [], json);
  test('says source, state, machines, age and rotation of each, and 0 when all is well', async () => {
    const { code, out } = await status([looked([row(), row({ name: 'API_KEY', state: 'Adopted', machines: null, rotationDue: null })])]);
    expect(code).toBe(0);
    expect(out).toMatch(/secret +source +state +machines +age +rotation due/);
    expect(out).toMatch(/SESSION_SECRET +env STAGING_SESSION_SECRET +Synced +2\/2 +30d +2026-11-30/);
    expect(out).toMatch(/API_KEY .*Adopted +\?\/2 +30d +-/);
  });
  test('says 2 when one is not as it should be, with what is wrong, and what nobody declares', async () => {
    const missing = row({ state: 'Missing', since: null, problem: 'SESSION_SECRET is not set: set STAGING_SESSION_SECRET' });
    const { code, out } = await status([looked([missing], { unknown: ['LEFT_OVER'] })]);
    expect(code).toBe(2);
    expect(out).toContain('SESSION_SECRET is not set: set STAGING_SESSION_SECRET');
    expect(out).toContain('declared by nobody: LEFT_OVER');
    expect((await status([looked([row({ rotationDue: instant(START - DAY) })])])).out).toContain('2026-09-30 (overdue)');
  });
  test('says 1 when an app cannot be looked at, and speaks JSON', async () => {
    const { code, out } = await status([looked([], { error: 'the platform does not answer' })], true);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([{ error: 'the platform does not answer' }]);
  });
});
describe('secrets sync', () => {
  const PUSHED = row({ name: 'DEPLOY_KEY', source: 'pushed', kind: 'pushed' });
  const sync = (
    looks: readonly AppSecrets[],
    variables: Readonly<Record<string, string>>,
    options: { readonly fromHere?: boolean; readonly apply?: boolean } = {},
    synced?: readonly AppSynced[],
  ) =>
    run(
      (context) => secretsSync(context, ALL, variables, { apply: options.apply ?? false, fromHere: options.fromHere ?? false, limitS: 1 }),
      looks,
      synced,
    );
  test.each([
    { what: 'pushed ones from their variable', variables: { STAGING_DEPLOY_KEY: 'x' }, takes: ['DEPLOY_KEY'] },
    { what: 'by the bare name of one environment', variables: { DEPLOY_KEY: 'x' }, takes: ['DEPLOY_KEY'] },
    { what: 'nothing that is empty or for another environment', variables: { DEPLOY_KEY: '', PRODUCTION_DEPLOY_KEY: 'x' }, takes: [] },
    { what: 'not those that the controller reads itself', variables: { SESSION_SECRET: 'x' }, takes: [] },
    { what: 'unless it is said', variables: { SESSION_SECRET: 'x' }, fromHere: true, takes: ['SESSION_SECRET'] },
  ])('takes $what', async ({ variables, fromHere, takes }) => {
    const { code, values } = await sync([looked([PUSHED, row()])], variables, fromHere === undefined ? {} : { fromHere });
    expect(code).toBe(0);
    expect(names(values)).toEqual(takes);
  });
  test('takes no bare name where several environments are meant', async () => {
    const looks = [looked([PUSHED]), looked([PUSHED], { environment: 'production', app: 'acme-production' })];
    expect(names((await sync(looks, { DEPLOY_KEY: 'x' })).values)).toEqual([]);
  });
  test('says what was staged, or set', async () => {
    expect((await sync([looked([PUSHED])], {})).out).toContain('staging/web staged DEPLOY_KEY');
    const applied = await sync([looked([PUSHED])], {}, { apply: true }, [{ ...SYNCED, staged: [] }]);
    expect(applied).toMatchObject({ apply: true, out: expect.stringContaining('set DEPLOY_KEY') });
  });
  test('with anything wrong says all of it, that nothing was written, and 1; with something held 2', async () => {
    const problems = [
      { code: 'SECRET_MISSING', message: 'DEPLOY_KEY is not set', remedy: 'set it' },
      { code: 'SECRET_RULE', message: 'DATABASE_URL does not contain sslmode=require', remedy: 'correct it' },
    ] as const;
    const refused = await sync([looked([PUSHED])], {}, {}, [{ ...SYNCED, written: [], problems }]);
    expect(refused.code).toBe(1);
    for (const { message, remedy } of problems) expect(refused.out).toMatch(new RegExp(`${message}[\\s\\S]*${remedy}`));
    expect(refused.out).toContain('nothing was written');
    expect((await sync([looked([PUSHED])], {}, {}, [{ ...SYNCED, written: [], held: ['sync.mode is observe'] }])).code).toBe(2);
    expect((await sync([], {})).code).toBe(1);
  });
});
