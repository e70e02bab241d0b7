/** Sources of secrets for tests: the variables are an object that the test may change, files lie in a folder it names. */
import type { Clock } from '#domain/clock.ts';
import { StateKey } from '#domain/secret-value.ts';
import { seconds } from '#domain/units.ts';
import { makeSecretReader, type SecretReader } from '#engine/secret-reader.ts';
import { makeSecretOrigins } from '#platform/secrets/origins.ts';

export const TEST_KEY = 'a state key for tests, long enough';
export interface TestSecrets {
  readonly clock: Clock;
  readonly process?: Readonly<Record<string, string | undefined>>;
  readonly root?: string;
  readonly key?: string;
  /** Of a virtual clock: sources are processes and files, and take their own time. */
  readonly hold?: <T>(work: Promise<T>) => Promise<T>;
}
export function makeTestReader({ clock, process = {}, root = '.', key = TEST_KEY, hold = (work) => work }: TestSecrets): SecretReader {
  const origins = makeSecretOrigins({ root, process, deadline: (span, signal) => AbortSignal.any([signal, AbortSignal.timeout(span)]) });
  return makeSecretReader({
    clock,
    key: new StateKey(key),
    origins: { ...origins, read: (...asked) => hold(origins.read(...asked)) },
    cheapFor: seconds(15),
    dearFor: seconds(300),
    standIn: null,
  });
}
