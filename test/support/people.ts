/** People over a store, for tests that need somebody who may sign in, or nobody. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '#domain/clock.ts';
import { makePeople, type People, SESSION_LENGTH } from '#engine/people.ts';
import { makeChanges } from '#http/changes.ts';
import type { HttpDeps } from '#http/controller.ts';
import type { Store } from '#platform/store/port.ts';

export const peopleOf = ({ store, clock }: { readonly store: Store; readonly clock: Clock }): People =>
  makePeople({ store, clock, secret: () => randomBytes(32).toString('base64url') });
/** What the pages need of a controller's surface. */
export const pagesOf = (on: { readonly store: Store; readonly clock: Clock }): Pick<HttpDeps, 'people' | 'site'> => ({
  people: peopleOf(on),
  site: { machines: () => null, reading: 'open', language: 'en', sessionMs: SESSION_LENGTH, changes: makeChanges(on.clock) },
});
