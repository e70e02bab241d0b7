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
    for (let at = 0; at < targets.length; at += AT_A_TIME) {
      const some = targets.slice(at, at + AT_A_TIME);
      const said = await Promise.all(some.map(async ({ environment, app }) => textOf(await reader.read(environment, app, 'kept', signal))));
      if (signal.aborted) return [];
      for (const [index, target] of some.entries()) {
        const key = targetKey(target);
        const text = said[index] ?? '';
        if (before.has(key) && before.get(key) !== text) moved.push(key);
        before.set(key, text);
      }
    }
    const here = new Set(targets.map(targetKey));
    for (const key of [...before.keys()]) if (!here.has(key)) before.delete(key);
    return moved;
  };
}
/** A slow program of one app does not hold up all others. */
const AT_A_TIME = 8;
const hasSecrets = ({ app, gone }: AppTarget): boolean => !gone && !app.excluded && app.enabled && app.secrets !== undefined;
const textOf = (readings: Readings): string =>
  JSON.stringify([...readings].map(([name, { fingerprint, faults }]) => [name, fingerprint, faults.map(({ message }) => message)]).sort());
