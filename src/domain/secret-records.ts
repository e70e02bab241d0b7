/** Records of secrets as they change: by what is found on the platform, and by what our own writes brought. Pure. */
import type { SecretAction } from './change.ts';
import type { ObservedSecret } from './observed.ts';
import type { CompiledApp } from './revision.ts';
import type { SecretRecord, SecretsPicture } from './secret-picture.ts';
import { declaredNames } from './secret-picture.ts';
import type { Instant } from './units.ts';

/** Values that stood before are known again for so long. */
const OLDER_KEPT = 20;

/** First sight of a secret, or of the key its fingerprint was made with: taken as it is, without a write. */
export function adoptedRecords(
  app: Pick<CompiledApp, 'secrets'>,
  observed: readonly ObservedSecret[],
  { keyId, records, readings, asked }: SecretsPicture,
  now: Instant,
): readonly SecretRecord[] {
  return declaredNames(app).flatMap((name) => {
    const seen = observed.find((secret) => secret.name === name);
    const known = records.get(name);
    if (seen === undefined || (known !== undefined && known.keyId === keyId)) return [];
    const reading = readings.get(name);
    // What cannot be read now is adopted when it can: without its fingerprint a later change would not be seen.
    if (reading === undefined || reading.faults.length > 0) return [];
    // It is about to be written: what stood there does not matter.
    if (asked && reading.fingerprint !== null) return [];
    return [
      {
        name,
        keyId,
        fingerprint: reading.fingerprint,
        digest: seen.digest,
        version: known?.version ?? null,
        staged: known?.staged ?? false,
        since: seen.updatedAt ?? seen.createdAt ?? now,
        setAt: null,
        older: [],
      },
    ];
  });
}

/** What a write brought. `version` null: it landed, and its version was lost with its answer. */
export interface SecretReceipt {
  readonly version: number | null;
  readonly seen: readonly ObservedSecret[];
}
export function recordsAfter(
  action: SecretAction,
  { version, seen }: SecretReceipt,
  records: ReadonlyMap<string, SecretRecord>,
  now: Instant,
): readonly SecretRecord[] {
  switch (action.verb) {
    case 'destroy':
      return [];
    case 'learn':
      return version === null ? [] : [...records.values()].filter(lacksVersion).map((record) => ({ ...record, version }));
    case 'set':
      return action.items.flatMap(({ name, fingerprint, from, returns }) => {
        const digest = seen.find((secret) => secret.name === name)?.digest;
        if (digest === undefined) return [];
        const known = records.get(name);
        const same = known?.fingerprint === fingerprint && known.keyId === action.keyId;
        // What a rollback put aside is the newer value: it may come again.
        const before =
          from === 'previous' || returns === true || known === undefined || known.keyId !== action.keyId || known.fingerprint === null
            ? []
            : [known.fingerprint];
        return [
          {
            name,
            keyId: action.keyId,
            fingerprint,
            digest,
            version,
            staged: action.staged,
            since: same && known !== undefined ? known.since : now,
            setAt: now,
            older: [...new Set([...before, ...(known?.older ?? [])])].filter((old) => old !== fingerprint).slice(0, OLDER_KEPT),
          },
        ];
      });
  }
}
export const lacksVersion = ({ version, setAt }: SecretRecord): boolean => version === null && setAt !== null;
/** Of the values that stand, by name. */
export const fingerprintsOf = ({ records }: Pick<SecretsPicture, 'records'>): Record<string, string> =>
  Object.fromEntries([...records.values()].flatMap(({ name, fingerprint }) => (fingerprint === null ? [] : [[name, fingerprint]])));
/** Fingerprints of the values that a release that failed brought, by name: what it pins of the secrets. `proved`: those the app ran well with
 *  before it. Where that is not known: what was written since it began. */
export const newWith = (
  records: Iterable<SecretRecord>,
  proved: Readonly<Record<string, string>>,
  { provedAt, startedAt }: { readonly provedAt: Instant | null; readonly startedAt: Instant },
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...records].flatMap(({ name, fingerprint, setAt, since, older }) => {
      // A first value took no other's place: there is nothing to go back to, and nothing to hold back.
      if (fingerprint === null || setAt === null || older.length === 0) return [];
      const before = proved[name];
      const isNew = before === undefined ? setAt >= startedAt && since >= startedAt : before !== fingerprint && since >= (provedAt ?? 0);
      return isNew ? [[name, fingerprint]] : [];
    }),
  );
