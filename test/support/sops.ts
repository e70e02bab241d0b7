/** Files as sops writes them, made in the test: the data key for an age recipient, each value bound to its path, a code over all of them. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';

export type Tree = { readonly [name: string]: string | number | boolean | Tree };
export interface Sealed {
  readonly text: string;
  readonly identity: string;
}
const LASTMODIFIED = '2026-11-24T09:00:00Z';
const TYPES = { string: 'str', number: 'int', boolean: 'bool' } as const;
const kindOf = (value: string | number | boolean): keyof typeof TYPES =>
  typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'string';

export async function sealedJson(tree: Tree, options: { readonly format?: 'json' | 'yaml' | 'dotenv' } = {}): Promise<Sealed> {
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const key = randomBytes(32);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const enc = armor.encode(await encrypter.encrypt(key));
  const hash = createHash('sha512');
  const seal = (value: string | number | boolean, path: readonly string[]): string => {
    const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
    hash.update(text);
    return encrypt(key, text, `${path.join(':')}:`, value);
  };
  const walk = (inner: Tree, path: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(inner).map(([name, value]) => [
        name,
        typeof value === 'object' ? walk(value, [...path, name]) : seal(value, [...path, name]),
      ]),
    );
  const sealed = walk(tree, []);
  const mac = encrypt(key, hash.digest('hex').toUpperCase(), LASTMODIFIED, '');
  const sops = { age: [{ recipient, enc }], lastmodified: LASTMODIFIED, mac, unencrypted_suffix: '_unencrypted', version: '3.10.2' };
  if (options.format === 'dotenv') return { identity, text: toDotenv(sealed, sops) };
  if (options.format === 'yaml') return { identity, text: `${toYaml(sealed)}sops: ${JSON.stringify(sops)}\n` };
  return { identity, text: `${JSON.stringify({ ...sealed, sops }, null, 2)}\n` };
}
function encrypt(key: Buffer, text: string, bound: string, value: string | number | boolean): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(bound));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
  const type = TYPES[kindOf(value)];
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${cipher.getAuthTag().toString('base64')},type:${type}]`;
}
const toYaml = (sealed: Record<string, unknown>): string =>
  Object.entries(sealed)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('');
const toDotenv = (
  sealed: Record<string, unknown>,
  {
    age,
    lastmodified,
    mac,
  }: { readonly age: readonly { readonly recipient: string; readonly enc: string }[]; readonly lastmodified: string; readonly mac: string },
): string =>
  [
    ...Object.entries(sealed).map(([name, value]) => `${name}=${String(value)}`),
    ...age.flatMap(({ recipient, enc }, at) => [
      `sops_age__list_${at}__map_enc=${enc.replaceAll('\n', '\\n')}`,
      `sops_age__list_${at}__map_recipient=${recipient}`,
    ]),
    `sops_lastmodified=${lastmodified}`,
    `sops_mac=${mac}`,
    '',
  ].join('\n');
