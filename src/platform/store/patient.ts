/** A store whose database need not be there yet: every call first prepares it (schema, identity), until that has worked once. Meanwhile every
 *  answer is why not. */
import type { Clock } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { elapsed, type Instant, seconds } from '#domain/units.ts';
import type { Store } from './port.ts';

/** A database that is not there is not asked more often than this: every caller would wait for its own refusal. */
const ASK_AGAIN = seconds(1);

export function makePatientStore(store: Store, prepare: () => Promise<Result<void, TrimtabError>>, clock: Clock): Store {
  const ready = once(prepare, clock);
  return new Proxy(store, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || name === 'close') return method;
      return async (...given: unknown[]) => {
        const prepared = await ready();
        return prepared.ok ? Reflect.apply(method, target, given) : prepared;
      };
    },
  });
}
/** Until it has worked, tried again at most every `ASK_AGAIN`; callers at the same time share one try. */
export function once(prepare: () => Promise<Result<void, TrimtabError>>, clock: Clock): () => Promise<Result<void, TrimtabError>> {
  let done = false;
  let trying: Promise<Result<void, TrimtabError>> | null = null;
  let failed: { readonly error: TrimtabError; readonly at: Instant } | null = null;
  return async () => {
    if (done) return ok(undefined);
    if (trying === null && failed !== null && elapsed(failed.at, clock.now()) < ASK_AGAIN) return err(failed.error);
    trying ??= prepare().finally(() => {
      trying = null;
    });
    const result = await trying;
    if (result.ok) done = true;
    else failed = { error: result.error, at: clock.now() };
    return result;
  };
}
