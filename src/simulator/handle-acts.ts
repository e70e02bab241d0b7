/** What is done to one machine: start, stop, leases, metadata, wait, exec. Source: fly-behaviour.md §2 and §3. */
import type { JsonObject } from '#domain/json.ts';
import { ms, seconds } from '#domain/units.ts';
import { runInGuest } from './guest.ts';
import { boot, restart, stop, suspend } from './lifecycle.ts';
import {
  type Handler,
  iso,
  leaseOf,
  machineOf,
  numberOf,
  objectOf,
  ownMachineOf,
  refuse,
  reply,
  type SimRequest,
  textOf,
} from './request.ts';
import type { LeaseRow, MachineRow } from './world.ts';

export const startMachine: Handler = (request) => {
  const row = ownMachineOf(request);
  const previous = row.state;
  if (row.hostStatus !== 'ok') refuse(503, 'could not reserve resource for machine: host is unreachable');
  if (previous !== 'started' && previous !== 'starting') boot(request.world, row, 'user');
  return reply(200, { previous_state: previous, migrated: false, new_host: '' });
};
export const stopMachine: Handler = (request) => {
  stop(request.world, ownMachineOf(request));
  return reply(200, { ok: true });
};
export const suspendMachine: Handler = (request) => {
  const row = ownMachineOf(request);
  if ((row.config.init?.swap_size_mb ?? 0) > 0) refuse(412, 'failed_precondition: a machine with swap cannot be suspended');
  suspend(request.world, row);
  return reply(200, { ok: true });
};
export const restartMachine: Handler = (request) => {
  restart(request.world, ownMachineOf(request));
  return reply(200, { ok: true });
};
/** Idempotent, and not to be seen in `updated_at`. */
const cordonBy =
  (cordoned: boolean): Handler =>
  (request) => {
    ownMachineOf(request).cordoned = cordoned;
    return reply(200, { ok: true });
  };
export const cordonMachine = cordonBy(true);
export const uncordonMachine = cordonBy(false);
/** The guest ends on the signals that end programs. */
const DEADLY: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGQUIT', '2', '3', '9', '15'];
export const signalMachine: Handler = (request) => {
  const row = ownMachineOf(request);
  const signal = String(request.body['signal'] ?? '');
  if (row.state !== 'started') refuse(412, `failed_precondition: machine is in ${row.state} state`);
  if (DEADLY.includes(signal)) stop(request.world, row);
  return reply(200, { ok: true });
};
/** The longest a command may take, when the caller names no time. */
const EXEC_S = 60;
export const execInMachine: Handler = async (request) => {
  const { world, body, signal } = request;
  const row = machineOf(request);
  if (row.state !== 'started') refuse(412, `failed_precondition: machine is in ${row.state} state and cannot run a command`);
  const command = Array.isArray(body['command']) ? body['command'].map(String) : (textOf(body['cmd']) ?? '').split(' ');
  const late = new AbortController();
  const disarm = world.clock.after(seconds(numberOf(body['timeout']) ?? EXEC_S), () => late.abort());
  const done = await runInGuest(world, row, command, AbortSignal.any([signal, late.signal]));
  disarm();
  if (late.signal.aborted) refuse(408, 'deadline_exceeded: the command took too long');
  if (done === null) return refuse(400, `failed to run command: exec: "${command[0] ?? ''}": executable file not found in $PATH`);
  return reply(200, { exit_code: done.code, exit_signal: 0, stdout: done.stdout, stderr: done.stderr });
};
/** Empty: nothing listens that the CLI would want to judge. */
export const listProcesses: Handler = (request) => {
  machineOf(request);
  return reply(200, []);
};
const memoryOf = (row: MachineRow): JsonObject => {
  const limit = row.config.guest?.memory_mb ?? 256;
  return { limit_mb: limit, available_mb: Math.floor(limit / 2) };
};
export const getMemory: Handler = (request) => reply(200, memoryOf(machineOf(request)));
export const setMemory: Handler = (request) => {
  const row = ownMachineOf(request);
  const limit = numberOf(request.body['limit_mb']) ?? refuse(400, 'limit_mb is required');
  return reply(200, { ...memoryOf(row), limit_mb: limit });
};
export const reclaimMemory: Handler = (request) => {
  ownMachineOf(request);
  return reply(200, { actual_mb: numberOf(request.body['amount_mb']) ?? 0 });
};

const DEFAULT_TTL_S = 30;
const renderLease = (row: MachineRow, lease: LeaseRow, withNonce: boolean): JsonObject => ({
  status: 'success',
  data: {
    ...(withNonce ? { nonce: lease.nonce } : {}),
    expires_at: Math.floor(lease.expiresAt / 1_000),
    owner: lease.owner,
    description: lease.description,
    version: row.instanceId,
  },
});
export const acquireLease: Handler = (request) => {
  const { world, query, body } = request;
  const row = machineOf(request);
  if (row.state === 'destroyed') refuse(404, 'machine not found');
  const ttl = numberOf(query.get('ttl')) ?? numberOf(body['ttl']) ?? DEFAULT_TTL_S;
  const held = leaseOf(world, row);
  if (held !== null && held.nonce !== request.leaseNonce)
    refuse(409, `lease currently held by ${held.owner}, expires at ${iso(held.expiresAt)}`);
  const expiresAt = world.clock.now() + ttl * 1_000;
  const lease = held ?? {
    nonce: world.id('nonce'),
    expiresAt,
    owner: world.user,
    description: textOf(body['description']) ?? '',
    shown: false,
  };
  lease.expiresAt = expiresAt;
  row.lease = lease;
  return reply(201, renderLease(row, lease, true));
};
export const getLease: Handler = (request) => {
  const row = machineOf(request);
  const lease = leaseOf(request.world, row);
  // Never somebody else's nonce: holding it means holding the lease.
  return lease === null ? refuse(404, 'lease not found') : reply(200, renderLease(row, lease, false));
};
export const releaseLease: Handler = (request) => {
  const row = machineOf(request);
  const lease = leaseOf(request.world, row);
  if (lease === null || lease.nonce !== request.leaseNonce) refuse(404, 'lease not found');
  row.lease = null;
  return reply(200, { status: 'success', data: { ok: true } });
};

/** Null or empty removes. No new version, no `updated_at`. */
function writeMetadata(row: MachineRow, patch: JsonObject, keep: boolean): void {
  const next = new Map(Object.entries(keep ? (row.config.metadata ?? {}) : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (typeof value === 'string' && value !== '') next.set(key, value);
    else next.delete(key);
  }
  row.config = { ...row.config, metadata: Object.fromEntries(next) };
  if (row.shown !== null) row.shown = { ...row.shown, config: row.config };
}
const metadataBy =
  (keep: boolean): Handler =>
  (request) => {
    // Leases do not cover metadata (fly-behaviour.md §3: what the nonce is sent with).
    const row = machineOf(request);
    const expected = textOf(request.body['machine_version']);
    if (expected !== undefined && expected !== row.instanceId) refuse(412, `machine_version ${expected} is not the current one`);
    writeMetadata(row, objectOf(request.body['metadata']), keep);
    return reply(204);
  };
export const putMetadata = metadataBy(false);
export const patchMetadata = metadataBy(true);
export const getMetadata: Handler = (request) => reply(200, { ...machineOf(request).config.metadata });
const keyOf = (request: SimRequest): string => request.params['key'] ?? '';
export const getMetadataKey: Handler = (request) => {
  const value = machineOf(request).config.metadata?.[keyOf(request)];
  return value === undefined ? refuse(404, 'metadata key not found') : reply(200, { value });
};
export const setMetadataKey: Handler = (request) => {
  writeMetadata(machineOf(request), { [keyOf(request)]: textOf(request.body['value']) ?? null }, true);
  return reply(204);
};
export const deleteMetadataKey: Handler = (request) => {
  writeMetadata(machineOf(request), { [keyOf(request)]: null }, true);
  return reply(204);
};

const RESTING: readonly string[] = ['started', 'stopped', 'suspended', 'destroyed', 'failed'];
const LOOK_EVERY = ms(50);
/** Waits on the world's clock. 408 when it does not come in time, 400 when it cannot come any more. */
export const waitForMachine: Handler = async (request) => {
  const { world, query, signal } = request;
  const wanted = query.getAll('state').flatMap((word) => word.split(','));
  const states = wanted.length === 0 ? ['started'] : wanted;
  const until = world.clock.now() + Math.min(60, Math.max(1, numberOf(query.get('timeout')?.replace(/s$/, '')) ?? 60)) * 1_000;
  const version = query.get('version') ?? query.get('instance_id');
  for (;;) {
    world.catchUp();
    const row = machineOf(request);
    const reached = states.includes(row.state) || (states.includes('settled') && RESTING.includes(row.state));
    const [event] = row.events;
    if (reached && (version === null || version === row.instanceId || row.state === 'destroyed')) {
      return reply(200, { ok: true, state: row.state, version: row.instanceId, event_id: event?.id ?? '' });
    }
    if (row.state === 'destroyed') refuse(400, `machine failed to reach desired state, ${states.join(', ')}, currently destroyed`);
    if (world.clock.now() >= until || signal.aborted) refuse(408, `deadline_exceeded: machine is in ${row.state} state`);
    await world.clock.sleep(LOOK_EVERY);
  }
};
