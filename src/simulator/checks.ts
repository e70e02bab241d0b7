/** Health checks: each appears `critical` with the start and passes after its first good round, unless the image fails them. */

import { durationToNs } from '#domain/flyconfig/duration.ts';
import type { MachineCheck } from '#domain/machine-config.ts';
import { behaviourOf } from './images.ts';
import type { CheckRow, MachineRow, World } from './world.ts';

const DEFAULT_INTERVAL_MS = 10_000;
const NOT_YET = 'connect: connection refused';

/** Names as the platform gives them: a top-level check's own key; `servicecheck-NN-type-port` for the others. */
export function checksOf(row: Pick<MachineRow, 'config'>): readonly { readonly name: string; readonly check: MachineCheck }[] {
  const top = Object.entries(row.config.checks ?? {}).map(([name, check]) => ({ name, check }));
  let serial = 0;
  const services = (row.config.services ?? []).flatMap((service) =>
    (service.checks ?? []).map((check) => {
      const name = `servicecheck-${String(serial++).padStart(2, '0')}-${check.type ?? 'tcp'}-${check.port ?? service.internal_port ?? 0}`;
      return { name, check };
    }),
  );
  return [...top, ...services];
}

export function startChecks(world: World, row: MachineRow): void {
  const now = world.clock.now();
  row.checks = checksOf(row).map(({ name }) => ({ name, status: 'critical', output: NOT_YET, updatedAt: now }));
  resumeChecks(world, row);
}
/** The first round of those that had none yet. */
export function resumeChecks(world: World, row: MachineRow): void {
  if (behaviourOf(row.image).failsChecks) return;
  const { course } = row;
  for (const { name, check } of checksOf(row)) {
    if (row.checks.find((candidate) => candidate.name === name)?.output !== NOT_YET) continue;
    world.schedule(firstRoundMs(world, check), () => {
      if (row.course === course) setCheck(world, row, name, 'passing', 'Success');
    });
  }
}
/** The first round comes somewhere in the interval; a good answer needs no grace. */
function firstRoundMs(world: World, check: MachineCheck): number {
  const ns = typeof check.interval === 'string' ? durationToNs(check.interval) : check.interval;
  const interval = typeof ns === 'number' ? ns / 1e6 : DEFAULT_INTERVAL_MS;
  return 400 + world.random.integer(0, Math.max(0, Math.min(interval, DEFAULT_INTERVAL_MS) - 400));
}
/** Does not move the machine's `updated_at`. */
export function setCheck(world: World, row: MachineRow, name: string, status: string, output: string): void {
  const check = row.checks.find((candidate: CheckRow) => candidate.name === name);
  if (check === undefined || check.status === status) return;
  check.status = status;
  check.output = output;
  check.updatedAt = world.clock.now();
}
export const removeChecks = (row: MachineRow): void => {
  row.checks = [];
};
export const isPassing = (row: MachineRow): boolean => row.checks.every((check) => check.status === 'passing');
