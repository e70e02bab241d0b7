/** Takes trimtab's stamps off the machines of an app, without a restart: the platform's own CLI goes on from there. */
import type { TrimtabError } from '#domain/errors.ts';
import { isActive } from '#domain/observed.ts';
import { ok, type Result } from '#domain/result.ts';
import { belongingOf, ownerOf, STAMP_KEYS } from '#domain/stamp.ts';
import type { Controller } from './controller.ts';
import type { AppTarget } from './target.ts';

export async function ejectApp(
  controller: Pick<Controller, 'flyFor'>,
  target: AppTarget,
  signal: AbortSignal,
): Promise<Result<readonly string[], TrimtabError>> {
  const fly = controller.flyFor(target);
  if (!fly.ok) return fly;
  const { app } = target.app;
  const machines = await fly.value.listMachines(app, signal);
  if (!machines.ok) return machines.error.code === 'FLY_NOT_FOUND' ? ok([]) : machines;
  const owner = ownerOf(target.environment.organization, target.environment.name);
  const names: string[] = [];
  for (const machine of machines.value.filter(isActive)) {
    if (belongingOf(machine, owner).is === 'foreign') continue;
    // By the metadata endpoint: no new version, no restart. A repeat takes nothing more away.
    const patch = Object.fromEntries(STAMP_KEYS.map((key) => [key, null]));
    const taken = await fly.value.patchMetadata(app, machine.id, patch, null, signal);
    if (!taken.ok) return taken;
    names.push(machine.name);
  }
  return ok(names);
}
