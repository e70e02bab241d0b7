/** Variables of the process and of apps.env that desired state asks for. Values are not shown. */
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import { fine, lacking, type Scene } from './part.ts';

export function variableItems(scene: Scene): readonly PhaseItem[] {
  const { declared } = scene.environment;
  const needed = neededBy(scene.environment);
  const lookups = Object.entries(declared?.lookups ?? {});
  const defaults = lookups.filter(([name, value]) => value === null && !needed.has(name)).map(([name]) => name);
  const told = lookups.flatMap(([name, value]): readonly PhaseItem[] => {
    const what = `variable ${name}`;
    if (value !== null) return [fine(what, 'set')];
    const checks = needed.get(name);
    if (checks === undefined) return [];
    const remedy = `set ${declared?.envPrefix ?? ''}${name}, or ${name} in infra/fly/apps.env or for a process that serves this environment alone`;
    return [lacking(scene, what, `unset: ${checks.join(', ')} would be skipped`, remedy)];
  });
  return defaults.length === 0 ? told : [...told, fine('other variables', `unset, so their defaults hold: ${defaults.join(', ')}`)];
}
/** Name → the checks that cannot be asked without it. */
function neededBy({ declared }: CompiledEnvironment): ReadonlyMap<string, readonly string[]> {
  const needed = new Map<string, string[]>();
  for (const [at, { name, missing }] of (declared?.smoke?.checks ?? []).entries()) {
    for (const variable of missing ?? []) needed.set(variable, [...(needed.get(variable) ?? []), `check ${name ?? at + 1}`]);
  }
  return needed;
}
