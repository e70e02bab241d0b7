/** Secrets of an app. Identity: the name; a value is known by the platform's digest and by our keyed fingerprint, never by itself. All that
 *  changes goes in one atomic write, right before the app's first machine. */
import type { SecretAction } from '#domain/change.ts';
import type { PlatformError } from '#domain/errors.ts';
import type { ObservedSecret } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import { planSecrets } from '#domain/secret-plan.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import type { Kind, Ports, Receipt, StepOf } from './kind.ts';

export const secret: Kind<'secret'> = {
  name: 'secret',
  rank: 4,
  owned: ['value'],
  plan: planSecrets,
  // A value goes back only where its source can give the old one: what is bound to a revision comes back with the revision.
  undo: (action) => {
    if (action.verb !== 'set') return null;
    if (action.items.every(({ reversible }) => reversible === 'absent'))
      return { kind: 'secret', verb: 'destroy', names: action.items.map(({ name }) => name) };
    if (!action.items.every(({ reversible }) => reversible === 'previous')) return null;
    const back = action.items.flatMap((item) =>
      item.previous === null ? [] : [{ ...item, from: 'previous' as const, fingerprint: item.previous, previous: null }],
    );
    return back.length === action.items.length ? { ...action, items: back } : null;
  },
  price: () => [],
  observe: async ({ fly }, app, signal) => {
    const secrets = await fly.listSecrets(app, signal);
    return secrets.ok ? ok({ secrets: secrets.value }) : secrets;
  },
  find: async ({ fly }, { app, action }, _since, signal) => {
    const listed = await fly.listSecrets(app, signal);
    if (!listed.ok) return listed;
    return ok(isSeen(action, listed.value) ? { id: idOf(action), secrets: { version: null, seen: listed.value } } : null);
  },
  // Twice the same value is once; should the source have moved meanwhile, the late one shows by its digest.
  repeatable: () => true,
  apply: applySecrets,
};

/** By the platform's own times and digests: one of them moves with every write, also of the same value. */
function isSeen(action: SecretAction, seen: readonly ObservedSecret[]): boolean {
  switch (action.verb) {
    case 'set':
      return action.items.every(({ name, before }) => {
        const now = seen.find((one) => one.name === name);
        return now !== undefined && (before === null || now.digest !== before.digest || now.updatedAt !== before.updatedAt);
      });
    case 'destroy':
      return !seen.some(({ name }) => action.names.includes(name));
    case 'learn':
      // It changes nothing that could be seen: if its answer was lost it is asked again.
      return true;
  }
}
const idOf = (action: SecretAction): string =>
  action.verb === 'set'
    ? action.items.map(({ name }) => name).join(',')
    : action.verb === 'destroy'
      ? action.names.join(',')
      : action.probe;

async function applySecrets(ports: Ports, { app, action }: StepOf<'secret'>, signal: AbortSignal): Promise<Result<Receipt, PlatformError>> {
  const values = await valuesFor(ports, action, signal);
  if (!values.ok) return values;
  const written = await ports.fly.updateSecrets(app, values.value, signal);
  if (!written.ok) return written;
  return ok({ id: `v${written.value.version}`, secrets: { version: written.value.version, seen: written.value.secrets } });
}
async function valuesFor(
  ports: Ports,
  action: SecretAction,
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, SecretValue | null>, PlatformError>> {
  switch (action.verb) {
    case 'set':
      return ports.secretValues(action.items, action.keyId, signal);
    case 'destroy':
      return ok(new Map(action.names.map((name) => [name, null])));
    case 'learn':
      return ok(new Map([[action.probe, null]]));
  }
}
