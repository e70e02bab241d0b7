/** Migrations that a release would apply: their names, their faults and their dangers. */
import { remedyOf } from '#domain/errors.ts';
import { failing, fine, type Part, skipped } from './part.ts';

export const migrationItems: Part = async ({ migrations }, { environment }, signal) => {
  const declared = environment.declared?.database?.migrations;
  const what = 'migrations';
  if (declared === undefined) return [];
  if (migrations === null) return [skipped(what, 'this build reads no migrations')];
  const seen = await migrations.look(environment, signal);
  // Without a database it is not known what is pending: all there is is looked at.
  if (!seen.ok) return [...(await migrations.check(environment)), failing(what, seen.error.message, remedyOf(seen.error))];
  const { items, pending, format } = seen.value;
  const tool = format === 'command' ? "the team's own tool: " : '';
  return [...items, fine(what, pending.length === 0 ? 'nothing to apply' : `to apply: ${tool}${pending.join(', ')}`)];
};
