/** Values that this process has seen, to cross them out of what comes back from outside. One that was replaced at its source still stands on
 *  machines and in pages for a while, and is still a secret. In memory only. */
import { isPublicName } from '#domain/secret-text.ts';
import type { SecretValue, StateKey } from '#domain/secret-value.ts';

export interface SeenValues {
  note(environment: string, name: string, value: SecretValue): void;
  of(environment: string): readonly SecretValue[];
}
/** Per environment; the oldest are forgotten. Fifty secrets that each change every month: more than a year. */
const KEPT = 1_000;

export function makeSeenValues(key: StateKey): SeenValues {
  const seen = new Map<string, Map<string, SecretValue>>();
  return {
    note: (environment, name, value) => {
      if (value.isEmpty) return;
      const mine = seen.get(environment) ?? new Map<string, SecretValue>();
      seen.set(environment, mine);
      for (const part of secretParts(name, value)) {
        const print = part.fingerprint(key, environment);
        // Seen again: young again.
        mine.delete(print);
        mine.set(print, part);
      }
      for (const oldest of mine.keys()) {
        if (mine.size <= KEPT) break;
        mine.delete(oldest);
      }
    },
    of: (environment) => [...(seen.get(environment)?.values() ?? [])],
  };
}
/** Of an address that people may see, its password alone. */
export const secretParts = (name: string, value: SecretValue): readonly SecretValue[] =>
  isPublicName(name) ? value.parts().slice(1) : value.parts();
