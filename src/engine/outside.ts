/** A file outside of the source that a variable of the process names: a team may keep one app's fly.toml elsewhere. What is written in the
 *  source itself never leads out of it. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { SourceSnapshot } from '#platform/source/port.ts';

/** Null when there is no such file. */
export type ReadOutside = (path: string, signal: AbortSignal) => Promise<Result<string | null, TrimtabError>>;
type Variables = Readonly<Record<string, string | null | undefined>>;

/** `asked`: what the folder's documents asked of the process, and the answers; they may be those of an earlier process. */
export function withOutside(
  snapshot: SourceSnapshot,
  { process, readOutside }: { readonly process: Variables; readonly readOutside?: ReadOutside | undefined },
  asked: Variables,
): SourceSnapshot {
  const isNamed = (path: string): boolean => [asked, process].every((answers) => Object.values(answers).includes(path));
  return {
    ...snapshot,
    readFile: async (path, signal) => {
      const inside = await snapshot.readFile(path, signal);
      const leaves = inside.ok ? inside.value === null && path.startsWith('~/') : inside.error.code === 'DESIRED_INVALID';
      return leaves && readOutside !== undefined && isNamed(path) ? readOutside(path, signal) : inside;
    },
  };
}
