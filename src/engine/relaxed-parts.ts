/** The parts of a release, with what budgets ask for meanwhile. */
import type { ReleaseActs } from '#domain/acts.ts';
import { relaxed } from '#domain/relax.ts';
import type { ReleaseParts } from './release-ports.ts';

export function relaxedParts(parts: ReleaseParts, actsOf: (environment: string) => ReleaseActs): ReleaseParts {
  const { smoke, migrations } = parts;
  return {
    ...parts,
    smoke:
      smoke === null
        ? null
        : (input, signal) => smoke({ ...input, environment: relaxed(input.environment, actsOf(input.environment.name)) }, signal),
    migrations:
      migrations === null
        ? null
        : {
            plan: (environment, signal) => migrations.plan(relaxed(environment, actsOf(environment.name)), signal),
            apply: (environment, signal) => migrations.apply(relaxed(environment, actsOf(environment.name)), signal),
          },
  };
}
