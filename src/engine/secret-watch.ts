/** Looks whether the sources give something else than before, and wakes the apps whose do. Asked at every poll; each source is read as often as
 *  its cost allows (`secret-reader.ts`). */
import type { Environments } from './environments.ts';
import type { Readings, SecretReader } from './secret-reader.ts';
import { type AppTarget, targetKey } from './target.ts';

/** Answers the keys of apps to wake. */
export function makeSecretWatch(reader: SecretReader, environments: Pick<Environments, 'targets'>) {
  const before = new Map<string, string>();
  return async (signal: AbortSignal): Promise<readonly string[]> => {
    const moved: string[] = [];
    const targets = environments.targets().filter(hasSecrets);
    for (const target of targets) {
      const said = textOf(await reader.read(target.environment, target.app, false, signal));
      const key = targetKey(target);
      if (signal.aborted) return [];
      if (before.has(key) && before.get(key) !== said) moved.push(key);
      before.set(key, said);
    }
    const here = new Set(targets.map(targetKey));
    for (const key of [...before.keys()]) if (!here.has(key)) before.delete(key);
    return moved;
  };
}
const hasSecrets = ({ app, gone }: AppTarget): boolean => !gone && !app.excluded && app.enabled && app.secrets !== undefined;
const textOf = (readings: Readings): string =>
  JSON.stringify([...readings].map(([name, { fingerprint, faults }]) => [name, fingerprint, faults.map(({ message }) => message)]).sort());
