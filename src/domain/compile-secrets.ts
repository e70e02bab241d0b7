/** Files that sops encrypted, as part of a revision: it can be gone back to without git. What is not encrypted has no place there. */
import type { Complaints } from './compile-app.ts';
import type { Located } from './desired-parse.ts';
import type { AppDocument, EnvironmentDocument } from './desired-schema.ts';
import type { SecretDeclaration } from './desired-sources.ts';
import type { Problem } from './problem.ts';

type Secrets = Readonly<Record<string, SecretDeclaration>> | undefined;

export const sealedPaths = (secrets: Secrets): readonly string[] =>
  [
    ...new Set(
      Object.values(secrets ?? {}).flatMap(({ from, previous }) => [from.sops?.file, previous?.sops?.file].flatMap((file) => file ?? [])),
    ),
  ].sort();

/** Of the database's address. */
export const sealedUrlPaths = (environment: Located<EnvironmentDocument> | null): readonly string[] => {
  const file = environment?.document.spec.database?.url?.from.sops?.file;
  return file === undefined ? [] : [file];
};
export function sealedUrl(
  environment: Located<EnvironmentDocument>,
  readFile: (path: string) => string | null,
): { readonly sealed: Readonly<Record<string, string>> | null; readonly problems: readonly Problem[] } {
  const [path] = sealedUrlPaths(environment);
  if (path === undefined) return { sealed: null, problems: [] };
  const text = readFile(path);
  const at = environment.locate(['spec', 'database', 'url', 'from', 'sops', 'file']);
  if (text !== null && SEALED.test(text)) return { sealed: { [path]: text }, problems: [] };
  const fault = text === null ? MISSING : NOT_ENCRYPTED;
  return { sealed: null, problems: [{ ...at, rule: fault.rule, message: `${path} ${fault.message}`, remedy: fault.remedy }] };
}
const MISSING = {
  rule: 'secret-file-missing',
  message: 'does not exist',
  remedy: 'correct the path (from the root of the source), or commit the file',
};
const NOT_ENCRYPTED = {
  rule: 'secret-in-git',
  message: 'is not encrypted',
  remedy: 'replace every value in it, then encrypt it: sops encrypt --age <recipient> --in-place',
};
/** Null: no secret of this app comes from such a file. */
export function sealedFiles(
  { spec }: AppDocument,
  readFile: (path: string) => string | null,
  { problem }: Complaints,
): Readonly<Record<string, string>> | null {
  const paths = sealedPaths(spec.secrets);
  const found: [string, string][] = [];
  for (const path of paths) {
    const text = readFile(path);
    const at = placeOf(spec.secrets, path);
    const fault = text === null ? MISSING : SEALED.test(text) ? null : NOT_ENCRYPTED;
    if (fault !== null) problem(at, fault.rule, `${path} ${fault.message}`, fault.remedy);
    else if (text !== null) found.push([path, text]);
  }
  return paths.length === 0 ? null : Object.fromEntries(found);
}
/** What sops writes for every value, and for the code over all of them. */
const SEALED = /ENC\[AES256_GCM,data:/;
function placeOf(secrets: Secrets, path: string): readonly string[] {
  for (const [name, { from, previous }] of Object.entries(secrets ?? {})) {
    if (from.sops?.file === path) return ['spec', 'secrets', name, 'from', 'sops', 'file'];
    if (previous?.sops?.file === path) return ['spec', 'secrets', name, 'previous', 'sops', 'file'];
  }
  return ['spec', 'secrets'];
}
