/** Files that sops encrypted, as part of a revision: it can be gone back to without git. What is not encrypted has no place there. */
import type { Complaints } from './compile-app.ts';
import { sourcesOf } from './desired-notify.ts';
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

/** Of the database's address, and of the addresses that people are told at. */
export const sealedUrlPaths = (environment: Located<EnvironmentDocument> | null): readonly string[] => [
  ...new Set(namedFiles(environment).map(({ file }) => file)),
];
interface NamedFile {
  readonly file: string;
  readonly place: readonly string[];
}
function namedFiles(environment: Located<EnvironmentDocument> | null): readonly NamedFile[] {
  const { database, notify = [] } = environment?.document.spec ?? {};
  const url = database?.url?.from.sops?.file;
  const told = notify.flatMap((target) => Object.values(sourcesOf(target)).flatMap(({ sops }) => sops?.file ?? []));
  return [
    ...(url === undefined ? [] : [{ file: url, place: ['spec', 'database', 'url', 'from', 'sops', 'file'] }]),
    ...told.map((file) => ({ file, place: ['spec', 'notify'] })),
  ];
}
export function sealedUrl(
  environment: Located<EnvironmentDocument>,
  readFile: (path: string) => string | null,
): { readonly sealed: Readonly<Record<string, string>> | null; readonly problems: readonly Problem[] } {
  const found: [string, string][] = [];
  const problems: Problem[] = [];
  for (const { file, place } of namedFiles(environment)) {
    const text = readFile(file);
    const fault = text === null ? MISSING : SEALED.test(text) ? null : NOT_ENCRYPTED;
    if (fault !== null)
      problems.push({ ...environment.locate(place), rule: fault.rule, message: `${file} ${fault.message}`, remedy: fault.remedy });
    else if (text !== null) found.push([file, text]);
  }
  return { sealed: found.length === 0 ? null : Object.fromEntries(found), problems };
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
