/** The authoritative read of one app: every kind reads its part, at the same time. */

import type { ClockDep } from '#domain/clock.ts';
import type { PlatformError } from '#domain/errors.ts';
import { failure } from '#domain/errors.ts';
import type { AppName, OrgSlug } from '#domain/ids.ts';
import { machineId } from '#domain/ids.ts';
import type { AppMemory } from '#domain/memory.ts';
import type { ObservedApp, ObservedMachine } from '#domain/observed.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { Slice } from '#kinds/kind.ts';
import { machineGroup } from '#kinds/machine-group.ts';
import { KINDS } from '#kinds/registry.ts';
import type { FlyDep } from '#platform/fly/port.ts';

export type Observed = Promise<Result<ObservedApp, PlatformError>>;

const EMPTY: Required<Slice> = {
  info: null,
  machines: [],
  volumes: [],
  addresses: [],
  certificates: [],
  secrets: [],
  currentRelease: null,
};

/** Everything of the app. One part that cannot be read makes the whole unknown: nothing is decided on a partial picture. */
export async function observeApp(
  deps: FlyDep & ClockDep,
  app: AppName,
  organization: OrgSlug,
  memory: AppMemory,
  signal: AbortSignal,
): Observed {
  const [first, ...others] = KINDS;
  const info = await first.observe(deps, app, signal);
  if (!info.ok) return info;
  const base = { ...EMPTY, ...info.value, app, complete: true };
  if (base.info === null) return ok({ ...base, observedAt: deps.clock.now() });
  if (base.info.organization !== organization)
    return err(failure('FLY_FORBIDDEN', `app ${app} belongs to organization ${base.info.organization}, not ${organization}`));
  const slices = await Promise.all(others.map((kind) => kind.observe(deps, app, signal)));
  let observed: ObservedApp = { ...base, observedAt: deps.clock.now() };
  for (const slice of slices) {
    if (!slice.ok) return slice;
    observed = { ...observed, ...slice.value };
  }
  return withRecent(deps, observed, memory, signal);
}

/** What is read before every write, beside a full picture that is young enough: the machines, and whether somebody releases right now. */
export async function observeMachines(deps: FlyDep & ClockDep, known: ObservedApp, memory: AppMemory, signal: AbortSignal): Observed {
  const [slice, release] = await Promise.all([machineGroup.observe(deps, known.app, signal), deps.fly.currentRelease(known.app, signal)]);
  if (!slice.ok) return slice;
  if (!release.ok) return release;
  return withRecent(deps, { ...known, ...slice.value, currentRelease: release.value, observedAt: deps.clock.now() }, memory, signal);
}

/** Machines that were made a moment ago and are not listed yet are asked for one by one. */
async function withRecent(deps: FlyDep, observed: ObservedApp, memory: AppMemory, signal: AbortSignal): Observed {
  const listed = new Set<string>(observed.machines.map(({ id }) => id));
  // A release command's machine leaves the list with its last word: how it ended is read from itself.
  const run = memory.command?.result === null ? [memory.command.machine] : [];
  const missing = [...new Set([...Object.keys(memory.recent), ...run])].filter((id) => !listed.has(id));
  const found: ObservedMachine[] = [];
  for (const id of missing) {
    const machine = await deps.fly.getMachine(observed.app, machineId(id), signal);
    if (machine.ok) found.push(machine.value);
    else if (machine.error.code !== 'FLY_NOT_FOUND') return machine;
  }
  return ok({ ...observed, machines: [...observed.machines, ...found] });
}
