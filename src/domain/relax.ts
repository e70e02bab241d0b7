/** Phases that a release always runs become those that it runs when something changed: what a budget may ask for. Pure. */
import type { ReleaseActs } from './acts.ts';
import type { CompiledEnvironment } from './revision.ts';

/** `never` stays `never`; what already looks at changes stays as it is. */
export function relaxed(
  environment: CompiledEnvironment,
  { skipMigrations, skipSmoke }: Pick<ReleaseActs, 'skipMigrations' | 'skipSmoke'>,
): CompiledEnvironment {
  const { declared } = environment;
  if (declared === undefined || !(skipMigrations || skipSmoke)) return environment;
  const { smoke, database } = declared;
  const quieter = skipSmoke && smoke?.run === 'always' ? { smoke: { ...smoke, run: 'whenChanged' as const } } : {};
  const migrations = database?.migrations;
  const lazier =
    skipMigrations && migrations?.run === 'always'
      ? { database: { ...database, migrations: { ...migrations, run: 'whenChanged' as const } } }
      : {};
  return { ...environment, declared: { ...declared, ...quieter, ...lazier } };
}
