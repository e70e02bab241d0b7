/** What is known of an app's secrets at one moment: what was written or adopted, what the sources give, by fingerprints. Never a value. */

import type { SecretSource } from './desired-sources.ts';
import type { ErrorCode } from './errors.ts';
import type { CompiledApp } from './revision.ts';
import type { Instant } from './units.ts';

/** One declared secret as it was last written by us, or as it was found. */
export interface SecretRecord {
  readonly name: string;
  /** Of the key that `fingerprint` and `older` were made with. */
  readonly keyId: string;
  /** Of the value last written; of an adopted one: what the source gave then. Null: nobody here ever held it (`pushed`). */
  readonly fingerprint: string | null;
  /** As the platform answered. */
  readonly digest: string;
  /** The platform's version of our write; null: adopted, or our write was cut off and its version is not known yet. */
  readonly version: number | null;
  /** On the platform, not yet asked of the machines. */
  readonly staged: boolean;
  /** Since when this value stands. */
  readonly since: Instant;
  /** Our last write; null: adopted. */
  readonly setAt: Instant | null;
  /** Fingerprints of values that stood before, newest first. */
  readonly older: readonly string[];
}
export interface SecretFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}
/** What a source gave, checked. */
export interface SecretReading {
  /** Null: it gives none. */
  readonly fingerprint: string | null;
  /** Of what the declared `previous` gives; absent: none is declared, or it gives nothing. */
  readonly previous?: string;
  readonly faults: readonly SecretFault[];
}
export interface SecretsPicture {
  readonly keyId: string;
  readonly records: ReadonlyMap<string, SecretRecord>;
  readonly readings: ReadonlyMap<string, SecretReading>;
  /** A person asked to write what the sources give: also where nobody here knows what stands there. */
  readonly asked: boolean;
  /** And to leave the machines as they are. */
  readonly stage: boolean;
  /** Fingerprints that failed in a release: not written again. */
  readonly pinned: ReadonlySet<string>;
}
export const NO_SECRETS: SecretsPicture = {
  keyId: '',
  records: new Map(),
  readings: new Map(),
  asked: false,
  stage: false,
  pinned: new Set(),
};

export const SOURCE_KINDS = ['env', 'file', 'dotenv', 'sops', 'exec', 'value', 'pushed', 'neon'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];
export const kindOf = (source: SecretSource): SourceKind => SOURCE_KINDS.find((kind) => source[kind] !== undefined) ?? 'pushed';
/** Git itself says what the value is: going back to an older one is what git says, too. */
export const isBoundToRevision = (source: SecretSource): boolean => source.value !== undefined || source.sops !== undefined;

/** For people: where a value comes from. No value, and no argument that may hold one. */
export function sourceText(source: SecretSource, prefix = ''): string {
  const { env, file, dotenv, sops, exec } = source;
  if (env !== undefined) return `env ${prefix}${env}`;
  if (file !== undefined) return `file ${file}`;
  if (dotenv !== undefined) return `dotenv ${dotenv.file}`;
  if (sops !== undefined) return `sops ${sops.file}`;
  if (exec !== undefined) return `exec ${exec.command[0] ?? ''}`;
  return kindOf(source);
}
/** Values hold for one secret of one app. */
export const placeOf = (environment: string, app: string, name: string): string => `${environment}/${app}/${name}`;
export const declaredNames = ({ secrets }: Pick<CompiledApp, 'secrets'>): readonly string[] => Object.keys(secrets ?? {}).sort();
