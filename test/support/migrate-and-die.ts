/** A process of its own that migrates, and kills itself (SIGKILL) between the last statement of its first migration and the row of history.
 *  Arguments: URL, file name, text. */
import { readMigrations } from '#domain/migrations/files.ts';
import { modeOf, type ParsedMigration } from '#domain/migrations/statements.ts';
import { ms } from '#domain/units.ts';
import { realClock } from '#platform/clock.ts';
import { makeMigrationRunner } from '#platform/migrations/runner.ts';

/** The runner looks at the clock before a migration, before its statements, and after them. */
const AFTER_STATEMENTS = 3;
const [, , url = '', path = '', text = ''] = process.argv;
let looks = 0;
const clock = {
  ...realClock,
  now: () => {
    looks += 1;
    if (looks === AFTER_STATEMENTS) process.kill(process.pid, 'SIGKILL');
    return realClock.now();
  },
};
const runner = makeMigrationRunner({ clock });
const set = readMigrations([{ path, text }], null);
const parse = await runner.parser();
const parsed = set.migrations.flatMap((migration): readonly ParsedMigration[] => {
  const read = parse(migration.sql);
  return read.ok ? [{ migration, statements: read.value, mode: modeOf(migration, read.value) }] : [];
});
const hooks = { stopped: () => null, refuses: () => null, onApplied: () => undefined };
await runner.run(url, { set, parsed, limits: { statement: ms(0), lock: ms(1_000) } }, hooks, new AbortController().signal);
