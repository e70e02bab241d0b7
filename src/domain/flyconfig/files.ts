/** `[[files]]` → files of every machine. */
import type { Complaints } from '#domain/compile-app.ts';
import type { MachineFile } from '#domain/machine-config.ts';
import { defined, filled } from './defined.ts';
import type { FlyToml } from './schema.ts';

/** Later entries of a path take the place of earlier ones; one without content takes the path away again. */
export function filesOf(toml: FlyToml, readFile: (path: string) => string | null, { problem }: Complaints): readonly MachineFile[] {
  const files: MachineFile[] = [];
  for (const [at, entry] of (toml.files ?? []).entries()) {
    const local = filled(entry.local_path);
    const secret = filled(entry.secret_name);
    const content = local === undefined ? filled(entry.raw_value) : readFile(local);
    if (content === null) {
      const remedy = 'correct the path (from the root of the source, or from the folder of this file), or commit the file';
      problem(['files', at, 'local_path'], 'config-missing', `${local ?? ''} does not exist`, remedy);
      continue;
    }
    const useSecret = local === undefined && secret !== undefined;
    const file: MachineFile = defined({
      guest_path: filled(entry.guest_path),
      raw_value: useSecret || content === undefined ? undefined : Buffer.from(content).toString('base64'),
      secret_name: useSecret ? secret : undefined,
    });
    put(files, file);
  }
  return files;
}
function put(files: MachineFile[], file: MachineFile): void {
  const at = files.findIndex(({ guest_path: path }) => path === file.guest_path);
  if (at === -1) files.push(file);
  else if (file.raw_value === undefined && file.secret_name === undefined) files.splice(at, 1);
  else files.splice(at, 1, file);
}
