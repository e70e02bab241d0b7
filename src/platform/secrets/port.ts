/** A place secrets come from. One file each; what it gives is a value that cannot be printed, or a fault that names no value. */
import type { SecretSource } from '#domain/desired-sources.ts';
import type { Result } from '#domain/result.ts';
import type { SecretFault, SourceKind } from '#domain/secret-picture.ts';
import type { SecretValue } from '#domain/secret-value.ts';

/** Where the question comes from. */
export interface SecretScene {
  /** Of the environment: variables with it come first. */
  readonly prefix: string;
  /** The process serves this environment alone: the bare name counts, too. */
  readonly bare: boolean;
  /** Encrypted files of the revision, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Values that came with a request, by name; held for its time only. */
  readonly given: ReadonlyMap<string, SecretValue>;
  /** Whatever is read once for several secrets (a program's answer, a file) is kept here, as long as this one look takes. */
  readonly round: Map<string, Promise<Result<ReadonlyMap<string, SecretValue>, SecretFault>>>;
}
export interface SecretAsk<Kind extends SourceKind = SourceKind> {
  readonly name: string;
  readonly spec: NonNullable<SecretSource[Kind]>;
  readonly scene: SecretScene;
}
export type Given = Promise<Result<SecretValue | null, SecretFault>>;
export interface Origin<Kind extends SourceKind = SourceKind> {
  readonly kind: Kind;
  /** `dear`: asking costs a process or a request; asked less often. */
  readonly cost: 'cheap' | 'dear';
  /** Null: it gives none. */
  read(ask: SecretAsk<Kind>, signal: AbortSignal): Given;
}
