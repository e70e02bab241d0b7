/** The laws of the audit, on every store; that the database itself keeps it, and that a million rows are read by index, on those that have one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { AuditEntry, AuditQuery } from '#platform/store/audit-port.ts';
import { type Database, openPglite, openPostgres } from '#platform/store/db.ts';
import { migrate } from '#platform/store/migrate.ts';
import type { Store } from '#platform/store/port.ts';
import { auditStatement } from '#platform/store/sql-audit.ts';
import { databaseUrl } from '#test/support/queues.ts';
import { STORES } from '#test/support/stores.ts';

const signal = AbortSignal.timeout(60_000);
const ANY: AuditQuery = { environment: null, app: null, actor: null, action: null, since: null, until: null, before: null, limit: 100 };
const row = (over: Partial<AuditEntry>): AuditEntry => ({
  ...{ at: 1, actor: 'ann', environment: 'prod', app: null, what: 'halt', from: null, to: null, why: 'w', result: 'done' },
  ...over,
});
describe.each(STORES)('the audit on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
    await store.appendAudit(
      [
        row({ at: 1, what: 'approve' }),
        row({ at: 3, actor: 'bob', app: 'web', what: 'machine-group/app-1 /guest', from: '512', to: '256' }),
        row({ at: 2, environment: 'staging', what: 'release 1' }),
        row({ at: 3, actor: 'trimtab', app: 'web', what: 'release 12' }),
        row({ at: 4, what: '100%_sure' }),
      ],
      signal,
    );
  });
  afterAll(() => store.close());
  const found = async (query: Partial<AuditQuery>): Promise<readonly string[]> => {
    const rows = await store.searchAudit({ ...ANY, ...query }, signal);
    if (!rows.ok) throw new Error(rows.error.message);
    return rows.value.map(({ what }) => what);
  };
  test.each([
    { by: {}, what: ['100%_sure', 'release 12', 'machine-group/app-1 /guest', 'release 1', 'approve'] },
    { by: { environment: 'staging' }, what: ['release 1'] },
    { by: { environment: 'prod', app: 'web' }, what: ['release 12', 'machine-group/app-1 /guest'] },
    { by: { actor: 'bob' }, what: ['machine-group/app-1 /guest'] },
    { by: { action: 'release' }, what: ['release 12', 'release 1'] },
    { by: { action: '100%_' }, what: ['100%_sure'] },
    { by: { action: '%' }, what: [] },
    { by: { since: 2, until: 4 }, what: ['release 12', 'machine-group/app-1 /guest', 'release 1'] },
    { by: { limit: 1 }, what: ['100%_sure'] },
  ])('is searched by $by', async ({ by, what }) => {
    expect(await found(by)).toEqual(what);
  });
  test('page after page gives every row once, also where several are of one moment', async () => {
    const seen: string[] = [];
    let before: AuditQuery['before'] = null;
    for (;;) {
      const page = await store.searchAudit({ ...ANY, before, limit: 2 }, signal);
      if (!page.ok || page.value.length === 0) break;
      seen.push(...page.value.map(({ what }) => what));
      before = page.value.at(-1) ?? null;
    }
    expect(seen).toEqual(['100%_sure', 'release 12', 'machine-group/app-1 /guest', 'release 1', 'approve']);
  });
  test('what is behind a row is told in the order it came', async () => {
    const all = await store.auditAfter('prod', 0, 100, signal);
    if (!all.ok) throw new Error(all.error.message);
    expect(all.value.map(({ what }) => what)).toEqual(['approve', 'machine-group/app-1 /guest', 'release 12', '100%_sure']);
    const rest = await store.auditAfter('prod', all.value[1]?.seq ?? 0, 1, signal);
    expect(rest).toMatchObject({ ok: true, value: [{ what: 'release 12' }] });
  });
});

const DATABASES: readonly { readonly name: string; readonly open: () => Promise<Database> }[] = [
  { name: 'PGlite', open: () => openPglite() },
  ...(databaseUrl === '' ? [] : [{ name: 'PostgreSQL', open: openSchema }]),
];
async function openSchema(): Promise<Database> {
  const schema = `audit_${process.pid}`;
  const admin = openPostgres(databaseUrl);
  await admin.exec(`create schema ${schema}`);
  await admin.close();
  return openPostgres(databaseUrl, { schema });
}
const Plan = z.array(z.object({ 'QUERY PLAN': z.string() }));
describe.each(DATABASES)('the table of the audit on $name', ({ open }) => {
  let database: Database;
  const rows = 5_000;
  beforeAll(async () => {
    database = await open();
    await migrate(database);
    await database.query(
      `insert into trimtab_audit (at, actor, environment, app, what, why, result)
       select n, 'actor-' || n % 50, 'env-' || n % 20, 'app-' || n % 1000, (array['release ', 'halt ', 'approve '])[1 + n % 3] || n, '', 'done'
       from generate_series(1, $1::int) as n`,
      [rows],
    );
    await database.query('analyze trimtab_audit', []);
  }, 60_000);
  afterAll(() => database.close());
  test.each(['update trimtab_audit set actor = $1', 'delete from trimtab_audit where actor <> $1'])('refuses %s', async (statement) => {
    await expect(database.query(statement, ['nobody'])).rejects.toThrow('the audit is append-only');
  });
  test('refuses to be emptied', async () => {
    await expect(database.exec('truncate trimtab_audit')).rejects.toThrow('the audit is append-only');
    await expect(database.query('select count(*)::int as n from trimtab_audit', [])).resolves.toEqual([{ n: rows }]);
  });
  const before = { at: rows / 2, seq: rows / 2 };
  test.each<{ readonly by: Partial<AuditQuery> }>([
    { by: {} },
    { by: { environment: 'env-3' } },
    { by: { environment: 'env-3', before } },
    { by: { environment: 'env-3', app: 'app-3' } },
    { by: { actor: 'actor-7', before } },
    { by: { since: 100, until: 200 } },
    { by: { action: 'release 77' } },
  ])('reads a page by $by from an index, without a look at all rows', async ({ by }) => {
    const { text, parameters } = auditStatement({ ...ANY, ...by });
    const lines = Plan.parse(await database.query(`explain (costs off) ${text}`, parameters)).map((line) => line['QUERY PLAN']);
    expect(lines.join('\n')).not.toContain('Seq Scan');
    expect(lines.join('\n')).toMatch(/Index( Only)? Scan/);
  });
});
