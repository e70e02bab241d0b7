/** The secrets mark: the platform's version that every machine of the app must run with, and the newest one a machine that is written gets. Pure. */
import type { PlanContext } from './finding.ts';
import { type Member, membersOf } from './members.ts';
import { isActive } from './observed.ts';
import type { CompiledGroup } from './revision.ts';
import { declaredNames, type SecretRecord } from './secret-picture.ts';
import { belongingOf, isReserved, SECRETS_KEY } from './stamp.ts';

type Scene = Pick<PlanContext, 'app' | 'observed' | 'owner' | 'secrets'>;

/** Our newest write to a declared name that is not only staged. A stamp tells it too: what one machine was written with, all must be (a
 *  machine that is written loads what is staged), and a lost store is rebuilt by it. Null: none of ours. */
export function markOf(scene: Scene): number | null {
  return highest([...versions(scene, ({ staged }) => !staged), ...stamped(scene)]);
}
/** Asked of the host at every create and update, and stamped. */
export function newestOf(scene: Scene): number | null {
  return highest([...versions(scene, () => true), ...stamped(scene)]);
}
const highest = (numbers: readonly number[]): number | null => (numbers.length === 0 ? null : Math.max(...numbers));
function versions({ app, secrets }: Scene, counts: (record: SecretRecord) => boolean): readonly number[] {
  return declaredNames(app).flatMap((name) => {
    const record = secrets.records.get(name);
    return record === undefined || record.version === null || !counts(record) ? [] : [record.version];
  });
}
function stamped({ observed, owner }: Scene): readonly number[] {
  return observed.machines.flatMap((machine) => {
    // Most carry none: nothing else of them is looked at.
    if (machine.metadata[SECRETS_KEY] === undefined || !isActive(machine)) return [];
    const belonging = belongingOf(machine, owner);
    return belonging.is === 'foreign' || isReserved(machine) || belonging.stamp.secrets === null ? [] : [belonging.stamp.secrets];
  });
}
/** The machines of a group as this context sees them. */
export const membersIn = (context: Scene & Pick<PlanContext, 'now'>, group: CompiledGroup): readonly Member[] =>
  membersOf(context.observed, context.owner, group, context.app.image, context.now, markOf(context));
