/** What a release pins of an app when it fails: what runs (digest, config hash of each group), and the fingerprint of each secret. Two equal ones
 *  are the same content, whatever commit they come from. Pure. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ConfigHash, Digest } from './ids.ts';
import type { CompiledApp } from './revision.ts';

export interface AppContent {
  /** Null: git names no image, or the registry told none. */
  readonly digest: Digest | null;
  /** By process group. */
  readonly hashes: Readonly<Record<string, ConfigHash>>;
  /** By name; keyed, never a value. */
  readonly secrets: Readonly<Record<string, string>>;
}
/** `fingerprints`: what the sources give, as `SecretsDep` answers. */
export const contentOf = (app: Pick<CompiledApp, 'image' | 'groups'>, fingerprints: Readonly<Record<string, string>>): AppContent => ({
  digest: app.image?.digest ?? null,
  hashes: Object.fromEntries(app.groups.map(({ name, hash }) => [name, hash])),
  secrets: fingerprints,
});
/** 128 bits over all of it. */
export const contentId = (content: AppContent): string =>
  createHash('sha256')
    .update(canonicalize(content) ?? '')
    .digest('hex')
    .slice(0, CONTENT_HEX);
const CONTENT_HEX = 32;
/** Names of secrets whose value is another one: what a failed release pins of them. */
export const changedSecrets = (before: AppContent, after: AppContent): readonly string[] =>
  Object.keys(after.secrets)
    .filter((name) => before.secrets[name] !== after.secrets[name])
    .sort();
