/** What a source may hold, and which paths are read. The same for folders and repositories. */
import { failure, type TrimtabError } from '#domain/errors.ts';

/** Desired state is written by people. A thousand apps are about 2 MB; whatever is far beyond that is a mistake, and memory. */
export const MOST_FILES = 5_000;
export const LARGEST_FILE_BYTES = 4 * 1024 * 1024;
export const LARGEST_TOTAL_BYTES = 64 * 1024 * 1024;
/** environment / team / app / … */
export const DEEPEST = 12;

export const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path);
/** Hidden folders hold tools' own files (.git, .github), not desired state. */
export const isHidden = (path: string): boolean => path.split('/').some((part) => part.startsWith('.'));

/** `./infra//fly.toml` → `infra/fly.toml`; null when the path is absolute or leaves the root. */
export function insideRoot(path: string): string | null {
  if (path === '' || path.includes('\0') || path.includes('\\') || path.startsWith('/')) return null;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.length === 0 ? null : parts.join('/');
}

export const leavesRoot = (path: string): TrimtabError =>
  failure('DESIRED_INVALID', `${path}: outside the source; files are named relative to its root`);
export const tooLarge = (path: string, bytes: number): TrimtabError =>
  failure('DESIRED_INVALID', `${path}: ${bytes} bytes, at most ${LARGEST_FILE_BYTES}`);
export const tooManyFiles = (where: string): TrimtabError => failure('DESIRED_INVALID', `${where}: more than ${MOST_FILES} YAML files`);
export const tooMuch = (where: string): TrimtabError =>
  failure('DESIRED_INVALID', `${where}: more than ${LARGEST_TOTAL_BYTES} bytes of YAML`);
export const nothingThere = (where: string): TrimtabError => failure('SOURCE_EMPTY', `${where}: no YAML file`);
export const notText = (path: string): TrimtabError => failure('DESIRED_INVALID', `${path}: not UTF-8 text`);
export const cancelled = (where: string): TrimtabError => failure('FLY_CANCELLED', `${where}: reading was cancelled`);

/** Null when the bytes are not UTF-8. */
export function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
