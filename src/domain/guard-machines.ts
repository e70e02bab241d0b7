/** How the guard reads a machine, by itself and not by the planner's eyes. */
import type { ObservedMachine } from './observed.ts';

export const RESERVED: readonly string[] = [
  'fly_app_release_command',
  'fly_app_test_machine_command',
  'fly_app_console',
  'fly_app_machine_smoke_check',
];
export const groupOf = ({ metadata }: ObservedMachine): string => metadata['trimtab_group'] ?? metadata['fly_process_group'] ?? 'app';
export const isAlive = ({ state }: ObservedMachine): boolean => state !== 'destroyed' && state !== 'destroying';
/** Runs once for a release and serves nobody. */
export const isHelper = ({ metadata }: ObservedMachine): boolean => RESERVED.includes(metadata['fly_process_group'] ?? '');
export const isStandby = ({ config }: ObservedMachine): boolean => (config?.standbys ?? []).length > 0;
const resultsOf = ({ checks }: ObservedMachine) => checks.filter(({ name }) => !name.startsWith('bg_deployments_compat'));
/** It may serve: nothing says that it does not. */
export const mayServe = (machine: ObservedMachine): boolean =>
  machine.state === 'started' && !machine.cordoned && resultsOf(machine).every(({ status }) => status === 'passing');
/** It serves: a result for each configured check, of the instance that runs. No result is no proof. */
export function serves(machine: ObservedMachine): boolean {
  if (!mayServe(machine) || machine.hostStatus !== 'ok') return false;
  const { config, events } = machine;
  const inServices = (config?.services ?? []).flatMap(({ checks }) => checks ?? []);
  const start = events.find(({ type }) => type === 'start')?.at;
  const results = resultsOf(machine).filter(({ updatedAt }) => start === undefined || updatedAt === null || updatedAt >= start);
  return results.length >= inServices.length + Object.keys(config?.checks ?? {}).length;
}
