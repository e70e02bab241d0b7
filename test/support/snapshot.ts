/** A state of the source in memory. */
import { ok } from '#domain/result.ts';
import type { SourceSnapshot } from '#platform/source/port.ts';

export function snapshotOf(files: ReadonlyMap<string, string>): SourceSnapshot {
  const under = (folder: string, wanted: (path: string) => boolean): ReadonlyMap<string, string> | null => {
    const found = [...files].filter(([path]) => path.startsWith(`${folder}/`));
    return found.length === 0 ? null : new Map(found.filter(([path]) => wanted(path)));
  };
  return {
    files: new Map([...files].filter(([path]) => path.endsWith('.yaml'))),
    commit: null,
    rewritten: false,
    readFile: (path) => Promise.resolve(ok(files.get(path) ?? null)),
    readFolder: (folder, wanted) => Promise.resolve(ok(under(folder, wanted))),
  };
}
