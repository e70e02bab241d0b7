/** Migrations that a release would apply: their names, their faults and their dangers. */
import { remedyOf } from '#domain/errors.ts';
import { failing, fine, type Part, skipped, warning } from './part.ts';

export const migrationItems: Part = async ({ migrationProblems }, { environment }, signal) => {
  const declared = environment.declared?.database?.migrations;
  const what = 'migrations';
  if (declared === undefined) return [];
  if (declared.command !== undefined) return [fine(what, `by the team's own tool: ${declared.command[0] ?? ''}`)];
  if (migrationProblems === null) return [skipped(what, 'this build reads no migrations')];
  const read = await migrationProblems(environment, signal);
  if (!read.ok) return [failing(what, read.error.message, remedyOf(read.error))];
  const { problems, pending } = read.value;
  const told = problems.map(({ file, line, message, remedy, fatal }) =>
    fatal ? failing(`${file}:${line}`, message, remedy) : warning(`${file}:${line}`, message, remedy),
  );
  return [...told, fine(what, pending.length === 0 ? 'nothing to apply' : `to apply: ${pending.join(', ')}`)];
};
