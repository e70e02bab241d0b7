/** A state of the source in memory. */
import { createHash } from 'node:crypto';
import { commitSha } from '#domain/ids.ts';
import { ok } from '#domain/result.ts';
import { instant } from '#domain/units.ts';
import type { SourceSnapshot } from '#platform/source/port.ts';

/** `author`: of a commit of exactly these files; null: a folder has none. */
export function snapshotOf(files: ReadonlyMap<string, string>, author: string | null = null): SourceSnapshot {
  const under = (folder: string, wanted: (path: string) => boolean): ReadonlyMap<string, string> | null => {
    const found = [...files].filter(([path]) => path.startsWith(`${folder}/`));
    return found.length === 0 ? null : new Map(found.filter(([path]) => wanted(path)));
  };
  return {
    files: new Map([...files].filter(([path]) => path.endsWith('.yaml'))),
    commit: author === null ? null : { sha: shaOf(files), author, message: 'a change', at: instant(0) },
    rewritten: false,
    readFile: (path) => Promise.resolve(ok(files.get(path) ?? null)),
    readFolder: (folder, wanted) => Promise.resolve(ok(under(folder, wanted))),
  };
}
/** The same files are the same commit. */
export const shaOf = (files: ReadonlyMap<string, string>) =>
  commitSha(
    createHash('sha1')
      .update(JSON.stringify([...files].sort()))
      .digest('hex'),
  );
