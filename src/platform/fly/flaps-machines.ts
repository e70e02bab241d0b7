/** Machines: read, create, update, move between states. */
import type { AppName, MachineId } from '#domain/ids.ts';
import { seconds } from '#domain/units.ts';
import { goneIsDone } from './absence.ts';
import { perform } from './call.ts';
import { asText, type Flaps, toRaw } from './flaps.ts';
import { machineOf, machinesOf } from './machine-state.ts';
import type { CreateMachine, FlyClient, LaunchOptions, UpdateMachine } from './port.ts';
import { judgeBy, judgeDone } from './reply.ts';
import { ExecReply } from './states.ts';

type MachineCalls = Pick<
  FlyClient,
  | 'listMachines'
  | 'getMachine'
  | 'createMachine'
  | 'updateMachine'
  | 'startMachine'
  | 'stopMachine'
  | 'cordonMachine'
  | 'uncordonMachine'
  | 'destroyMachine'
  | 'patchMetadata'
  | 'execInMachine'
>;
const MACHINES = '/apps/{app_name}/machines';
const MACHINE = '/apps/{app_name}/machines/{machine_id}';
/** The command's own time, then this for the way there and back. */
const EXEC_SLACK_S = 15;

export const makeMachineCalls = (flaps: Flaps): MachineCalls => ({
  ...readsAndWrites(flaps),
  ...moves(flaps),
  ...insides(flaps),
});

function readsAndWrites({ wire, http }: Flaps): Pick<FlyClient, 'listMachines' | 'getMachine' | 'createMachine' | 'updateMachine'> {
  return {
    listMachines(app, signal) {
      const call = { operation: 'list machines', action: 'machine.list', id: app, idempotent: true };
      const params = { path: { app_name: app } };
      const send = (within: AbortSignal) => toRaw(http.GET(MACHINES, { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, machinesOf(app)) }, signal);
    },
    getMachine(app, machine, signal) {
      const call = { operation: 'get machine', action: 'machine.get', id: machine, idempotent: true };
      const params = machinePath(app, machine);
      const send = (within: AbortSignal) => toRaw(http.GET(MACHINE, { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, machineOf(app)) }, signal);
    },
    createMachine(app, create, signal) {
      const call = { operation: 'create machine', action: 'machine.create', id: app, idempotent: false };
      const params = { path: { app_name: app } };
      const body = createBody(create);
      const send = (within: AbortSignal) => toRaw(http.POST(MACHINES, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, machineOf(app)) }, signal);
    },
    updateMachine(app, machine, update, signal) {
      const call = { operation: 'update machine', action: 'machine.update', id: machine, idempotent: false };
      const params = leasedPath(app, machine, update.leaseNonce);
      const body = updateBody(update);
      const send = (within: AbortSignal) => toRaw(http.POST(MACHINE, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, machineOf(app)) }, signal);
    },
  };
}

function moves({
  wire,
  http,
}: Flaps): Pick<FlyClient, 'startMachine' | 'stopMachine' | 'cordonMachine' | 'uncordonMachine' | 'destroyMachine'> {
  const move = (verb: 'start' | 'stop' | 'cordon' | 'uncordon'): FlyClient['startMachine'] => {
    const path = `${MACHINE}/${verb}` as const;
    return (app, machine, leaseNonce, signal) => {
      const call = { operation: `${verb} machine`, action: `machine.${verb}`, id: machine, idempotent: true };
      const params = leasedPath(app, machine, leaseNonce);
      const send = (within: AbortSignal) => toRaw(http.POST(path, { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeDone(call) }, signal);
    };
  };
  return {
    startMachine: move('start'),
    stopMachine: move('stop'),
    cordonMachine: move('cordon'),
    uncordonMachine: move('uncordon'),
    destroyMachine(app, machine, options, signal) {
      const call = { operation: 'destroy machine', action: 'machine.destroy', id: machine, idempotent: true };
      const params = { ...leasedPath(app, machine, options.leaseNonce), query: { kill: options.kill } };
      const send = (within: AbortSignal) => toRaw(http.DELETE(MACHINE, { params, signal: within, ...asText }));
      return goneIsDone(perform(wire, { ...call, send, judge: judgeDone(call) }, signal));
    },
  };
}

function insides({ wire, http }: Flaps): Pick<FlyClient, 'patchMetadata' | 'execInMachine'> {
  return {
    patchMetadata(app, machine, patch, machineVersion, signal) {
      const call = { operation: 'patch metadata', action: 'machine.metadata', id: machine, idempotent: true };
      const params = machinePath(app, machine);
      const body = { metadata: patch, ...(machineVersion === null ? {} : { machine_version: machineVersion }) };
      const send = (within: AbortSignal) => toRaw(http.PATCH(`${MACHINE}/metadata`, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeDone(call) }, signal);
    },
    execInMachine(app, machine, command, timeoutS, signal) {
      const call = { operation: 'exec in machine', action: 'machine.exec', id: machine, idempotent: false };
      const params = machinePath(app, machine);
      const body = { command, timeout: timeoutS };
      const send = (within: AbortSignal) => toRaw(http.POST(`${MACHINE}/exec`, { params, body, signal: within, ...asText }));
      const deadline = seconds(timeoutS + EXEC_SLACK_S);
      return perform(wire, { ...call, deadline, send, judge: judgeBy(call, ExecReply) }, signal);
    },
  };
}

const machinePath = (app: AppName, machine: MachineId) => ({ path: { app_name: app, machine_id: machine } });
const leasedPath = (app: AppName, machine: MachineId, leaseNonce: string | null | undefined) => ({
  ...machinePath(app, machine),
  header: leaseNonce === undefined || leaseNonce === null ? {} : { 'fly-machine-lease-nonce': leaseNonce },
});

const launchBody = (options: LaunchOptions) => ({
  // Always there in the platform's own client.
  skip_secrets: false,
  ...(options.skipLaunch === undefined ? {} : { skip_launch: options.skipLaunch }),
  ...(options.skipServiceRegistration === undefined ? {} : { skip_service_registration: options.skipServiceRegistration }),
  ...(options.minSecretsVersion === undefined ? {} : { min_secrets_version: options.minSecretsVersion }),
});
const createBody = (create: CreateMachine) => ({
  name: create.name,
  region: create.region,
  config: create.config,
  ...launchBody(create),
  ...(create.leaseTtlS === undefined ? {} : { lease_ttl: create.leaseTtlS }),
});
const updateBody = (update: UpdateMachine) => ({
  config: update.config,
  current_version: update.currentVersion,
  ...launchBody(update),
});
