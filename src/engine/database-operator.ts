/** What a person can ask about an environment's database, beside the operator's other questions. A run goes on when nobody waits for it: whoever
 *  asks again is told how far it is. */
import type { ClockDep } from '#domain/clock.ts';
import { failure, remedyOf, type TrimtabError } from '#domain/errors.ts';
import { environmentName } from '#domain/ids.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { type Ms, seconds } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { MigrationOutlook, Migrations } from './migrations.ts';
import type { Answer } from './operator.ts';
import type { PhaseItem } from './release-ports.ts';

export interface MigrateAnswer {
  readonly environment: string;
  /** Ask again. */
  readonly running: boolean;
  readonly items: readonly PhaseItem[];
}
export interface DatabaseOperator {
  /** What is applied, what is pending, and what it would do. Null: every environment that has migrations. */
  migrations(environment: string | null, signal: AbortSignal): Answer<readonly MigrationOutlook[]>;
  /** Applies what is pending, or waits for the run that is under way. */
  migrate(environment: string | null, by: string, signal: AbortSignal): Answer<readonly MigrateAnswer[]>;
}
export interface DatabaseOperatorDeps extends ClockDep, StoreDep {
  readonly migrations: Migrations;
  /** As accepted last. */
  readonly environments: () => readonly CompiledEnvironment[];
  /** Ends the runs that are under way. */
  readonly life: AbortSignal;
}
/** Shorter than any proxy between us waits for an answer. */
const ANSWER_WITHIN: Ms = seconds(20);

type Ran = Result<readonly PhaseItem[], TrimtabError>;

export function makeDatabaseOperator(deps: DatabaseOperatorDeps): DatabaseOperator {
  const running = new Map<string, Promise<Ran>>();
  const chosen = (name: string | null): Result<readonly CompiledEnvironment[], TrimtabError> => {
    const all = deps.environments();
    const found = all.filter((one) => (name === null ? one.declared?.migrations !== undefined : one.name === name));
    if (found.length > 0) return ok(found);
    const known = all.map((one) => one.name).join(', ') || 'none';
    return err(
      failure(
        'MIGRATION_INVALID',
        name === null ? 'no environment declares database.migrations' : `no environment ${name} (known: ${known})`,
      ),
    );
  };
  const begin = (environment: CompiledEnvironment, by: string): Promise<Ran> => {
    const under = running.get(environment.name);
    if (under !== undefined) return under;
    const run = runOne(deps, environment, by);
    running.set(environment.name, run);
    return run;
  };
  return {
    migrations: async (name, signal) => {
      const environments = chosen(name);
      if (!environments.ok) return environments;
      const seen: MigrationOutlook[] = [];
      for (const environment of environments.value) {
        const one = await deps.migrations.look(environment, signal);
        if (!one.ok) return one;
        seen.push(one.value);
      }
      return ok(seen);
    },
    migrate: async (name, by, signal) => {
      const environments = chosen(name);
      if (!environments.ok) return environments;
      const answers: MigrateAnswer[] = [];
      for (const environment of environments.value) {
        const ran = await within(deps, begin(environment, by), signal);
        if (ran === null) return ok([...answers, { environment: environment.name, running: true, items: [] }]);
        running.delete(environment.name);
        if (!ran.ok) return ran;
        answers.push({ environment: environment.name, running: false, items: ran.value });
      }
      return ok(answers);
    },
  };
}
async function within({ clock }: ClockDep, run: Promise<Ran>, signal: AbortSignal): Promise<Ran | null> {
  const enough = new AbortController();
  const late = clock.sleep(ANSWER_WITHIN, AbortSignal.any([signal, enough.signal])).then(
    () => null,
    () => null,
  );
  const first = await Promise.race([run, late]);
  enough.abort();
  return first;
}
async function runOne(
  { migrations, store, clock, life }: DatabaseOperatorDeps,
  environment: CompiledEnvironment,
  by: string,
): Promise<Ran> {
  const ran = await migrations.part.apply(environment, life);
  const at = clock.now();
  const name = environmentName(environment.name);
  const row = { at, actor: by, environment: name, app: null, from: null, to: null, why: 'asked for by hand' };
  const rows = ran.ok
    ? ran.value.items.map(({ what, state, message }) => ({
        ...row,
        what: `migration ${what}`,
        result: state === 'failed' ? message : state,
      }))
    : [{ ...row, what: 'migrations', result: `${ran.error.code}: ${ran.error.message}. ${remedyOf(ran.error)}` }];
  // A store that is away takes nothing from what was done.
  await store.appendAudit(rows, life);
  return ran.ok ? ok(ran.value.items) : ran;
}
