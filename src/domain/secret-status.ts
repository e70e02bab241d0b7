/** How each secret of an app is, for people and metrics. Names, origins, times and counts; no value, no digest, no fingerprint. Pure. */
import type { SecretStatus } from './condition.ts';
import type { PlanContext } from './finding.ts';
import { isActive } from './observed.ts';
import { rotationDue, valueSince } from './secret-age.ts';
import { declaredNames, kindOf, sourceText } from './secret-picture.ts';
import { belongingOf, isReserved } from './stamp.ts';

type Scene = Pick<PlanContext, 'app' | 'observed' | 'owner' | 'secrets'>;

export function secretStatuses(scene: Scene, prefix: string): readonly SecretStatus[] {
  const { app, observed, secrets } = scene;
  if (app.excluded || !app.enabled) return [];
  const stamps = stampsOf(scene);
  return declaredNames(app).flatMap((name) => {
    const declaration = app.secrets?.[name];
    if (declaration === undefined) return [];
    const record = secrets.records.get(name);
    const { faults = [] } = secrets.readings.get(name) ?? {};
    const version = record?.version ?? null;
    return [
      {
        name,
        source: sourceText(declaration.from, declaration.from.env === undefined ? '' : prefix),
        kind: kindOf(declaration.from),
        required: declaration.required !== false,
        state: stateOf(scene, name, stamps),
        machines: version === null ? null : stamps.filter((stamp) => stamp !== null && stamp >= version).length,
        of: stamps.length,
        since: valueSince(name, secrets, observed),
        rotationDue: rotationDue(name, app, secrets, observed),
        problem: faults.length === 0 ? null : faults.map(({ message, remedy }) => `${message}: ${remedy}`).join('; '),
      },
    ];
  });
}
/** The secrets mark of each own machine. */
function stampsOf({ observed, owner }: Scene): readonly (number | null)[] {
  return observed.machines
    .filter((machine) => isActive(machine) && !isReserved(machine))
    .flatMap((machine) => {
      const belonging = belongingOf(machine, owner);
      return belonging.is === 'foreign' ? [] : [belonging.stamp.secrets];
    });
}
/** `Synced`: as the source gives it, on the platform, and on every machine · `Changed`: the source gives another value · `Drifted`: somebody
 *  else set it · `Staged`: on the platform, not on every machine · `Missing`: not on the platform · `Adopted`: found there, taken as it was. */
function stateOf({ observed, secrets }: Scene, name: string, stamps: readonly (number | null)[]): SecretStatus['state'] {
  const record = secrets.records.get(name);
  const seen = observed.secrets.find((secret) => secret.name === name);
  const given = secrets.readings.get(name)?.fingerprint ?? null;
  if (seen === undefined) return 'Missing';
  if (record === undefined) return 'Adopted';
  if (given !== null && given !== record.fingerprint) return 'Changed';
  if (seen.digest !== record.digest) return 'Drifted';
  if (record.version === null) return 'Adopted';
  const { version, staged } = record;
  // What is staged is so until the last machine has taken it along.
  const waits = stamps.length === 0 ? staged : stamps.some((stamp) => stamp === null || stamp < version);
  return waits ? 'Staged' : 'Synced';
}
/** An optional one that nobody gives is not lacking. */
export const isOutOfSync = ({ state, required, problem }: SecretStatus): boolean =>
  state !== 'Synced' && state !== 'Adopted' && !(state === 'Missing' && !required && problem === null);
