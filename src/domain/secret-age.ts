/** How old a secret's value is, and when it must be another one. Pure. */
import type { ObservedApp } from './observed.ts';
import type { Hold } from './plan.ts';
import type { CompiledApp } from './revision.ts';
import { declaredNames, type SecretsPicture } from './secret-picture.ts';
import { after, hours, type Instant, instantToIso, ms } from './units.ts';

/** Told so long before. */
export const NOTICE_MS = hours(14 * 24);

/** Since when the value stands: our record, or the platform's word where somebody else set it later. Null: nobody knows. */
export function valueSince(
  name: string,
  { records }: Pick<SecretsPicture, 'records'>,
  { secrets }: Pick<ObservedApp, 'secrets'>,
): Instant | null {
  const record = records.get(name);
  const seen = secrets.find((secret) => secret.name === name);
  if (seen === undefined) return null;
  if (record !== undefined && record.digest === seen.digest) return record.since;
  return seen.updatedAt ?? seen.createdAt ?? record?.since ?? null;
}
export function rotationDue(
  name: string,
  app: Pick<CompiledApp, 'secrets'>,
  secrets: Pick<SecretsPicture, 'records'>,
  observed: Pick<ObservedApp, 'secrets'>,
): Instant | null {
  const every = app.secrets?.[name]?.rotateEvery;
  const since = valueSince(name, secrets, observed);
  return every === undefined || since === null ? null : after(since, ms(every));
}
/** Told from fourteen days ahead on; nothing waits for it. */
export function rotationHolds(app: CompiledApp, secrets: SecretsPicture, observed: ObservedApp, now: Instant): readonly Hold[] {
  return declaredNames(app).flatMap((name): readonly Hold[] => {
    const due = rotationDue(name, app, secrets, observed);
    if (due === null || due - now > NOTICE_MS) return [];
    const message = `${name} ${due <= now ? 'was due for rotation' : 'is due for rotation'} on ${instantToIso(due).slice(0, 10)}`;
    return [{ reason: 'RotationDue', app: app.app, subject: name, message, until: null, change: null }];
  });
}
