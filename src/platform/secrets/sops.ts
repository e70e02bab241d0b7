/** A file in git, encrypted by sops for age. The text is part of the revision; the key comes from the process. */
import { makeLookup } from '#domain/desired-lookup.ts';
import type { ErrorCode } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { SecretFault } from '#domain/secret-picture.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { readText } from './file.ts';
import type { Origin, SecretScene } from './port.ts';
import { openSops, type SopsFailure } from './sops-file.ts';

const LARGEST_KEY_FILE = 65_536;
type Values = Promise<Result<ReadonlyMap<string, SecretValue>, SecretFault>>;

export const makeSopsOrigin = (process: Readonly<Record<string, string | undefined>>): Origin<'sops'> => ({
  kind: 'sops',
  cost: 'cheap',
  read: async ({ name, spec, scene }, signal) => {
    const key = `sops ${spec.file}`;
    const reading = scene.round.get(key) ?? readValues(process, spec.file, scene, signal);
    scene.round.set(key, reading);
    const values = await reading;
    return values.ok ? ok(values.value.get(spec.key ?? name) ?? null) : values;
  },
});

async function readValues(
  process: Readonly<Record<string, string | undefined>>,
  file: string,
  scene: SecretScene,
  signal: AbortSignal,
): Values {
  const text = scene.files[file];
  if (text === undefined) return failed(file, 'SECRET_SOURCE_FAILED', 'is not part of the revision', 'commit it beside the desired state');
  const identities = await identitiesOf(process, scene, signal);
  if (!identities.ok) return identities;
  const opened = await openSops(text, identities.value);
  if (opened.ok) return ok(new Map([...opened.values].map(([name, value]) => [name, new SecretValue(value)])));
  return failed(file, ...FAILURES[opened.failure]);
}
const FAILURES: Readonly<Record<SopsFailure, readonly [ErrorCode, string, string]>> = {
  'no-sops-file': [
    'SECRET_SOURCE_RUBBISH',
    'is not encrypted by sops',
    'encrypt it: sops encrypt --age <recipient> --in-place; if it was committed in the clear, replace its values',
  ],
  'no-key': [
    'SECRET_KEY_MISSING',
    'cannot be decrypted: no key here is one of its recipients',
    'set SOPS_AGE_KEY or SOPS_AGE_KEY_FILE (with the environment’s prefix first) for the controller',
  ],
  broken: ['SECRET_SOURCE_RUBBISH', 'was changed after it was encrypted', 'edit it with sops, never by hand'],
};
const failed = (file: string, code: ErrorCode, message: string, remedy: string) => err({ code, message: `${file} ${message}`, remedy });

async function identitiesOf(
  process: Readonly<Record<string, string | undefined>>,
  { prefix, bare }: SecretScene,
  signal: AbortSignal,
): Promise<Result<readonly string[], SecretFault>> {
  const { find } = makeLookup({ process, bare, stored: {} }, prefix);
  const file = find('SOPS_AGE_KEY_FILE');
  const text = file === null ? ok(null) : await readText(file, 'SOPS_AGE_KEY_FILE', LARGEST_KEY_FILE, signal);
  if (!text.ok) return text;
  const lines = [...(find('SOPS_AGE_KEY') ?? '').split(/\s+/), ...(text.value ?? '').split('\n').map((line) => line.trim())];
  return ok(lines.filter((line) => line.startsWith('AGE-SECRET-KEY-')));
}
