/** A dotenv file that git does not know. One that is in git has given its values away already: it is refused. */
import { basename, dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { simpleGit } from 'simple-git';
import { err, ok, type Result } from '#domain/result.ts';
import type { SecretFault } from '#domain/secret-picture.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { readText } from './file.ts';
import type { Origin } from './port.ts';

const LARGEST_FILE = 1_048_576;

export const makeDotenvOrigin = (root: string): Origin<'dotenv'> => ({
  kind: 'dotenv',
  cost: 'cheap',
  read: async ({ name, spec, scene }, signal) => {
    const key = `dotenv ${spec.file}`;
    const reading = scene.round.get(key) ?? readValues(root, spec.file, signal);
    scene.round.set(key, reading);
    const values = await reading;
    return values.ok ? ok(values.value.get(spec.key ?? name) ?? null) : values;
  },
});
async function readValues(root: string, file: string, signal: AbortSignal): Promise<Result<ReadonlyMap<string, SecretValue>, SecretFault>> {
  const path = resolve(root, file);
  if (await isInGit(path))
    return err({
      code: 'SECRET_SOURCE_FAILED',
      message: `${file} is in git`,
      remedy: `git rm --cached ${file}, add it to .gitignore, and replace every value in it: all of them have been given away`,
    });
  const text = await readText(path, file, LARGEST_FILE, signal);
  if (!text.ok) return text;
  const entries = Object.entries(parseEnv(text.value ?? '')).flatMap(([name, value]): readonly [string, SecretValue][] =>
    value === undefined || value === '' ? [] : [[name, new SecretValue(value)]],
  );
  return ok(new Map(entries));
}
/** A folder that is no work tree, a file that is ignored or not added: not in git. */
async function isInGit(path: string): Promise<boolean> {
  try {
    const listed = await simpleGit({ baseDir: dirname(path) }).raw(['ls-files', '--', basename(path)]);
    return listed.trim() !== '';
  } catch {
    // No repository, no folder, or no git: what cannot be in one is not.
    return false;
  }
}
