/** The form of a file that sops encrypted for age: YAML, JSON or dotenv. The data key by age-encryption, values by AES-256-GCM bound to their
 *  path, and a code over all of them, so that none was taken out or put back. Source: getsops/sops README, "Encryption protocol". */
import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';

const Metadata = z.object({
  age: z.array(z.object({ enc: z.string(), recipient: z.string() })).nullish(),
  mac: z.string(),
  lastmodified: z.string(),
  mac_only_encrypted: z.boolean().nullish(),
});
type Metadata = z.infer<typeof Metadata>;
/** Keys in the file's order: the code over the values depends on it. */
interface Encrypted {
  readonly tree: ReadonlyMap<unknown, unknown>;
  readonly metadata: Metadata;
}
export type SopsFailure = 'no-sops-file' | 'no-key' | 'broken';
export type SopsOpened =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly failure: SopsFailure };

/** Values by key; nested ones by their path with dots. */
export async function openSops(text: string, identities: readonly string[]): Promise<SopsOpened> {
  const file = parseFile(text);
  if (file === null) return { ok: false, failure: 'no-sops-file' };
  const key = await dataKey(file.metadata, identities);
  if (key === null) return { ok: false, failure: 'no-key' };
  try {
    const leaves = leavesOf(file.tree, [], key);
    if (!isWhole(file.metadata, leaves, key)) return { ok: false, failure: 'broken' };
    return { ok: true, values: new Map(leaves.flatMap(({ path, text: value }) => (path === null ? [] : [[path, value]]))) };
  } catch {
    // A value that was changed fails its own check; the reason names nothing a person could use.
    return { ok: false, failure: 'broken' };
  }
}

function parseFile(text: string): Encrypted | null {
  const env = parseDotenv(text);
  if (env !== null) return env;
  let tree: unknown;
  try {
    tree = parse(text, { mapAsMap: true });
  } catch {
    return null;
  }
  if (!(tree instanceof Map)) return null;
  const metadata = Metadata.safeParse(plain(tree.get('sops')));
  if (!metadata.success) return null;
  const rest = new Map<unknown, unknown>(tree);
  rest.delete('sops');
  return { tree: rest, metadata: metadata.data };
}
const plain = (value: unknown): unknown =>
  value instanceof Map
    ? Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner)]))
    : Array.isArray(value)
      ? value.map(plain)
      : value;
/** `sops_age__list_0__map_enc=…`: the same facts, flattened. */
function parseDotenv(text: string): Encrypted | null {
  if (!/^sops_mac=/m.test(text)) return null;
  const all = parseEnv(text);
  const facts = (name: string): string | undefined => all[`sops_${name}`];
  const count = Object.keys(all).filter((name) => /^sops_age__list_\d+__map_enc$/.test(name)).length;
  const age = Array.from({ length: count }, (_, at) => ({
    enc: (facts(`age__list_${at}__map_enc`) ?? '').replaceAll('\\n', '\n'),
    recipient: facts(`age__list_${at}__map_recipient`) ?? '',
  }));
  const metadata = Metadata.safeParse({
    age,
    mac: facts('mac'),
    lastmodified: facts('lastmodified'),
    mac_only_encrypted: facts('mac_only_encrypted') === 'true',
  });
  if (!metadata.success) return null;
  return { tree: new Map(Object.entries(all).filter(([name]) => !name.startsWith('sops_'))), metadata: metadata.data };
}

/** Null: none of the identities is one of the recipients. */
async function dataKey({ age }: Metadata, identities: readonly string[]): Promise<Uint8Array | null> {
  for (const { enc } of age ?? []) {
    for (const identity of identities) {
      try {
        // Three megabytes that only a process with such a file needs.
        const { armor, Decrypter } = await import('age-encryption');
        const decrypter = new Decrypter();
        decrypter.addIdentity(identity);
        return await decrypter.decrypt(armor.decode(enc));
      } catch {
        // Not for this one, or no key at all: the next may fit.
      }
    }
  }
  return null;
}

interface Leaf {
  /** Null: inside a list, which no secret is taken from. */
  readonly path: string | null;
  readonly text: string;
  readonly encrypted: boolean;
}
function leavesOf(value: unknown, path: readonly string[], key: Uint8Array, inList = false): readonly Leaf[] {
  if (value instanceof Map) return [...value].flatMap(([name, inner]) => leavesOf(inner, [...path, String(name)], key, inList));
  if (Array.isArray(value)) return value.flatMap((inner) => leavesOf(inner, path, key, true));
  if (value === null || value === undefined) return [];
  const found = typeof value === 'string' ? ENCRYPTED.exec(value) : null;
  const text = found === null ? plainText(value) : decrypt(found, key, `${path.join(':')}:`);
  return [{ path: inList ? null : path.join('.'), text, encrypted: found !== null }];
}
const ENCRYPTED = /^ENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:(\w+)\]$/s;
/** As sops writes booleans into its code. */
const plainText = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value));
function decrypt([, data = '', iv = '', tag = '']: readonly string[], key: Uint8Array, bound: string): string {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'));
  decipher.setAAD(Buffer.from(bound, 'utf8'));
  decipher.setAuthTag(Buffer.from(tag, 'base64'));
  return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString('utf8');
}
function isWhole({ mac, lastmodified, mac_only_encrypted: onlyEncrypted }: Metadata, leaves: readonly Leaf[], key: Uint8Array): boolean {
  const found = ENCRYPTED.exec(mac);
  if (found === null) return false;
  const hash = createHash('sha512');
  for (const { text, encrypted } of leaves) if (encrypted || onlyEncrypted !== true) hash.update(text, 'utf8');
  const said = Buffer.from(decrypt(found, key, lastmodified), 'utf8');
  const is = Buffer.from(hash.digest('hex').toUpperCase(), 'utf8');
  return said.length === is.length && timingSafeEqual(said, is);
}
