/** Files that sops encrypted, as part of a revision: it can be gone back to without git. What is not encrypted has no place there. */
import type { Complaints } from './compile-app.ts';
import type { AppDocument } from './desired-schema.ts';
import type { SecretDeclaration } from './desired-sources.ts';

type Secrets = Readonly<Record<string, SecretDeclaration>> | undefined;

export const sealedPaths = (secrets: Secrets): readonly string[] =>
  [
    ...new Set(
      Object.values(secrets ?? {}).flatMap(({ from, previous }) => [from.sops?.file, previous?.sops?.file].flatMap((file) => file ?? [])),
    ),
  ].sort();

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
    if (text === null)
      problem(at, 'secret-file-missing', `${path} does not exist`, 'correct the path (from the root of the source), or commit the file');
    else if (!SEALED.test(text))
      problem(
        at,
        'secret-in-git',
        `${path} is not encrypted`,
        'replace every value in it, then encrypt it: sops encrypt --age <recipient> --in-place',
      );
    else found.push([path, text]);
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
