/** Programs on the search path: those that desired state names must be there; of the runbook's three it is said what they are still for. */
import type { CompiledEnvironment } from '#domain/revision.ts';
import { inTurns } from '#engine/in-turns.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import { failing, fine, type Part, type Scene } from './part.ts';

/** What the runbook asked for, and what does its work now. */
const RUNBOOK = {
  flyctl: 'trimtab speaks to the platform itself; people still use it for logs and ssh console',
  psql: 'migrations and SQL checks go over their own connection',
  curl: 'smoke checks make their own requests',
} as const;

export const programItems: Part = async ({ hasProgram }, scene) => {
  const needed = neededBy(scene);
  const named = await inTurns([...needed], needed.size, async ([program, why]): Promise<PhaseItem> => {
    const what = `program ${program}`;
    if (await hasProgram(program)) return fine(what, `there, for ${why.join(', ')}`);
    return failing(what, `missing, needed for ${why.join(', ')}`, 'install it where trimtab runs, or name it by its whole path');
  });
  const idle = Object.entries(RUNBOOK)
    .filter(([program]) => !needed.has(program) && !(program === 'flyctl' && needed.has('fly')))
    .map(([program, why]) => fine(`program ${program}`, `not needed: ${why}`));
  return [...named, ...idle];
};
/** Program → what for. */
function neededBy({ environment, apps }: Scene): ReadonlyMap<string, readonly string[]> {
  const needed = new Map<string, string[]>();
  const add = (program: string | undefined, why: string): void => {
    if (program !== undefined) needed.set(program, [...(needed.get(program) ?? []), why]);
  };
  add(migrationProgram(environment), 'migrations');
  add(environment.declared?.database?.url?.from.exec?.command[0], 'the database URL');
  for (const app of apps)
    for (const [name, { from, previous }] of Object.entries(app.secrets ?? {}))
      for (const source of [from, previous]) add(source?.exec?.command[0], `secret ${app.name}/${name}`);
  return needed;
}
const migrationProgram = ({ declared }: CompiledEnvironment): string | undefined => declared?.database?.migrations?.command?.[0];
