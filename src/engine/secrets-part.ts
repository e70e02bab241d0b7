/** What the sources give now, as releases and preflight ask: fingerprints by name, and every problem with its remedy. Never a value. */
import type { Problem } from '#domain/problem.ts';
import { ok } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import type { SecretsDep } from './release-ports.ts';
import type { SecretReader } from './secret-reader.ts';

/** Asked anew each time: what is released is what the sources give at that moment. */
export const makeSecretsPart = (reader: SecretReader): SecretsDep['secrets'] => ({
  fingerprints: async (environment, app, signal) => {
    if (app.excluded || !app.enabled || app.secrets === undefined) return ok({ fingerprints: {}, problems: [] });
    const readings = [...(await reader.read(environment, app, 'asked', signal))];
    return ok({
      fingerprints: Object.fromEntries(
        readings.flatMap(([name, { fingerprint }]) => (fingerprint === null ? [] : [[name, fingerprint]])).sort(),
      ),
      problems: readings.flatMap(([name, { faults }]) =>
        faults.map(({ code, message, remedy }) => problemOf(environment, app, name, { rule: code, message, remedy })),
      ),
    });
  },
});
/** A compiled revision knows no lines any more: the place is the secret's own name. */
const problemOf = (
  environment: CompiledEnvironment,
  app: CompiledApp,
  name: string,
  said: Pick<Problem, 'rule' | 'message' | 'remedy'>,
): Problem => ({
  file: `${environment.name}/${app.name}/secrets/${name}`,
  line: 1,
  column: 1,
  ...said,
});
