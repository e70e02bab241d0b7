/** The secrets of one app as a pass sees them: records from the store, what the sources give, and what is taken as it is found. */
import type { SecretAction, SecretItem } from '#domain/change.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { ObservedApp } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import { NO_SECRETS, type SecretRecord, type SecretsPicture } from '#domain/secret-picture.ts';
import { adoptedRecords, recordsAfter, type SecretReceipt } from '#domain/secret-records.ts';
import type { SecretValuesDep } from '#kinds/kind.ts';
import type { AppStoreDep } from './ports.ts';
import type { SecretReader } from './secret-reader.ts';
import type { AppTarget } from './target.ts';

export interface SecretPictureDeps extends AppStoreDep, ClockDep {
  readonly reader: SecretReader;
  /** Fingerprints of this app that failed in a release. */
  readonly pinnedSecrets: (target: AppTarget) => ReadonlySet<string>;
}
export interface PictureWish {
  /** Somebody asked to write: every source is asked anew. */
  readonly fresh: boolean;
  readonly stage: boolean;
  /** A person wants what the sources give on the platform. */
  readonly asked: boolean;
  /** A person takes what is found of pushed secrets as it is. */
  readonly takesAsFound: boolean;
  /** Only looked at: nothing is noted. */
  readonly readOnly: boolean;
}
export const A_PASS: PictureWish = { fresh: false, stage: false, asked: false, takesAsFound: false, readOnly: false };

export async function pictureOf(
  deps: SecretPictureDeps,
  target: AppTarget,
  observed: ObservedApp,
  wish: PictureWish,
  signal: AbortSignal,
): Promise<Result<SecretsPicture, TrimtabError>> {
  const { environment, app } = target;
  const none = { ...NO_SECRETS, keyId: deps.reader.keyId };
  if (app.secrets === undefined || app.excluded || !app.enabled || target.gone) return ok(none);
  const stored = await deps.store.secrets(environment.name, app.app, signal);
  if (!stored.ok) return stored;
  const records = new Map(stored.value.map((record) => [record.name, record]));
  // Somebody set one: the sources are asked again before anything is concluded.
  const news = deps.reader.isNews(environment.name, app.app, setElsewhere(records, observed));
  const readings = await deps.reader.read(environment, app, wish.fresh ? 'asked' : news ? 'fresh' : 'kept', signal);
  const seen = { ...none, records, readings, asked: wish.asked, stage: wish.stage, pinned: deps.pinnedSecrets(target) };
  const adopted = [
    ...adoptedRecords(app, observed.secrets, seen, deps.clock.now()),
    ...(wish.takesAsFound ? takenAsFound(target, observed, seen) : []),
  ];
  if (adopted.length > 0 && !wish.readOnly) {
    const saved = await deps.store.saveSecrets(environment.name, app.app, adopted, signal);
    if (!saved.ok) return saved;
  }
  return ok({ ...seen, records: new Map([...records, ...adopted.map((record): [string, SecretRecord] => [record.name, record])]) });
}
/** Names and digests that are not as we left them. */
const setElsewhere = (records: ReadonlyMap<string, SecretRecord>, { secrets }: ObservedApp): string =>
  secrets
    .flatMap(({ name, digest }) => {
      const record = records.get(name);
      return record === undefined || record.digest === digest ? [] : [`${name}=${digest}`];
    })
    .join(' ');
/** Of what was pushed, and set by somebody else since. */
function takenAsFound({ app }: AppTarget, { secrets }: ObservedApp, { records, readings }: SecretsPicture): readonly SecretRecord[] {
  return secrets.flatMap(({ name, digest, updatedAt }) => {
    const record = records.get(name);
    if (record === undefined || record.digest === digest || app.secrets?.[name]?.from.pushed === undefined) return [];
    if ((readings.get(name)?.fingerprint ?? null) !== null) return [];
    return [{ ...record, digest, fingerprint: null, since: updatedAt ?? record.since }];
  });
}

/** Before its intent is closed, what a write brought is noted: a crash in between looks it up again. */
export async function noteSecrets(
  deps: AppStoreDep & ClockDep,
  place: Pick<AppTarget, 'environment' | 'app'>,
  action: SecretAction,
  receipt: SecretReceipt,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const { environment, app } = place;
  const stored = await deps.store.secrets(environment.name, app.app, signal);
  if (!stored.ok) return stored;
  const records = new Map(stored.value.map((record) => [record.name, record]));
  return deps.store.saveSecrets(environment.name, app.app, recordsAfter(action, receipt, records, deps.clock.now()), signal);
}
export const valuesOf =
  (reader: SecretReader, { environment, app }: AppTarget): SecretValuesDep['secretValues'] =>
  (items: readonly SecretItem[], keyId, signal) =>
    reader.values(environment, app, items, keyId, signal);
