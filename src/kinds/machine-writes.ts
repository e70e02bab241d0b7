/** Writes to machines: under the machine's lease, after reading it again, refused when it moved since the plan. */
import type { Launch, MachineAction, MachineCreate, MachineUpdate } from '#domain/change.ts';
import type { PlatformError } from '#domain/errors.ts';
import { failure } from '#domain/errors.ts';
import type { AppName } from '#domain/ids.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { ObservedMachine } from '#domain/observed.ts';
import { isActive } from '#domain/observed.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import { INTENT_KEY, metadataToStamp, QUARANTINE_KEY, STAMP_KEYS, stampToMetadata } from '#domain/stamp.ts';
import { instantToIso } from '#domain/units.ts';
import type { FlyClient, HeldLease } from '#platform/fly/port.ts';
import type { Ports, Receipt, StepOf } from './kind.ts';

/** Longer than one write with its retries; short enough that a crash blocks nobody for long. */
const LEASE_TTL_S = 30;
/** Machines in these states run, or are about to: an update boots them again. */
const RUNS: readonly string[] = ['started', 'starting', 'restarting', 'updating', 'replacing'];

type Written = Promise<Result<Receipt, PlatformError>>;
type OnMachine = Exclude<MachineAction, MachineCreate>;

export async function applyMachine(ports: Ports, step: StepOf<'machine-group'>, signal: AbortSignal): Written {
  const { action } = step;
  return action.verb === 'create' ? create(ports, step.app, action, step.intent, signal) : underLease(ports, step.app, action, signal);
}

async function create({ fly }: Ports, app: AppName, action: MachineCreate, intent: string, signal: AbortSignal): Written {
  const { name, region, config } = action;
  const options = { skipLaunch: action.launch === 'skip', ...withSecrets(action) };
  const made = await fly.createMachine(app, { name, region, config, ...options }, signal);
  if (made.ok) return ok({ id: made.value.id });
  if (made.error.code !== 'FLY_NAME_TAKEN') return made;
  const listed = await fly.listMachines(app, signal);
  if (!listed.ok) return listed;
  const ours = listed.value.find((machine) => isActive(machine) && machine.name === name && machine.metadata[INTENT_KEY] === intent);
  return ours === undefined ? made : ok({ id: ours.id });
}

async function underLease(ports: Ports, app: AppName, action: OnMachine, signal: AbortSignal): Written {
  const { fly } = ports;
  const lease = await fly.acquireLease(app, action.machine, LEASE_TTL_S, `trimtab ${action.verb}`, signal);
  if (!lease.ok) {
    const gone = lease.error.code === 'FLY_NOT_FOUND' && action.verb === 'destroy';
    return gone ? ok({ id: action.machine }) : lease;
  }
  const fresh = await fly.getMachine(app, action.machine, signal);
  const written = fresh.ok ? await write(ports, app, action, fresh.value, lease.value, signal) : fresh;
  // A lease that is not given back ends by itself; its failure changes nothing about the write.
  if (!(written.ok && action.verb === 'destroy')) await fly.releaseLease(app, action.machine, lease.value.nonce, signal);
  return written;
}

async function write(
  { fly }: Ports,
  app: AppName,
  action: OnMachine,
  fresh: ObservedMachine,
  lease: HeldLease,
  signal: AbortSignal,
): Written {
  if (fresh.instanceId !== action.instance)
    return err(failure('FLY_PRECONDITION', `${fresh.name} has version ${fresh.instanceId} by now, not ${action.instance}`));
  const { machine: id } = action;
  const done = (result: Result<unknown, PlatformError>): Result<Receipt, PlatformError> => (result.ok ? ok({ id }) : result);
  switch (action.verb) {
    case 'update':
      return done(await fly.updateMachine(app, id, updateBody(action, fresh, lease.nonce), signal));
    case 'start':
      return RUNS.includes(fresh.state) ? ok({ id }) : done(await fly.startMachine(app, id, lease.nonce, signal));
    case 'stop':
      return done(await fly.stopMachine(app, id, lease.nonce, signal));
    case 'uncordon':
      return done(await release(fly, app, fresh, lease, signal));
    case 'quarantine':
      return done(await quarantine(fly, app, action, lease, signal));
    case 'destroy':
      if (metadataToStamp(fresh.metadata) === null)
        return err(failure('FLY_PRECONDITION', `${fresh.name} lost its stamp: it is not ours any more`));
      return done(await fly.destroyMachine(app, id, { kill: true, leaseNonce: lease.nonce }, signal));
    case 'restamp':
      return done(await fly.patchMetadata(app, id, stampToMetadata(action.stamp), action.instance, signal));
    case 'unstamp':
      return done(await fly.patchMetadata(app, id, Object.fromEntries(STAMP_KEYS.map((key) => [key, null])), action.instance, signal));
  }
}
/** The mark first: whoever finds the machine half-way sees why. Each call may be repeated. */
async function quarantine(
  fly: FlyClient,
  app: AppName,
  { machine, instance, since }: Extract<OnMachine, { readonly verb: 'quarantine' }>,
  { nonce }: HeldLease,
  signal: AbortSignal,
): Promise<Result<void, PlatformError>> {
  const marked = await fly.patchMetadata(app, machine, { [QUARANTINE_KEY]: instantToIso(since) }, instance, signal);
  if (!marked.ok) return marked;
  const cordoned = await fly.cordonMachine(app, machine, nonce, signal);
  return cordoned.ok ? fly.stopMachine(app, machine, nonce, signal) : cordoned;
}
/** Requests reach it again; out of quarantine it has no mark. */
async function release(
  fly: FlyClient,
  app: AppName,
  { id, cordoned, metadata, instanceId }: ObservedMachine,
  { nonce }: HeldLease,
  signal: AbortSignal,
): Promise<Result<void, PlatformError>> {
  const marked = metadata[QUARANTINE_KEY] !== undefined;
  const cleared = marked ? await fly.patchMetadata(app, id, { [QUARANTINE_KEY]: null }, instanceId, signal) : ok(undefined);
  if (!cleared.ok || !cordoned) return cleared;
  return fly.uncordonMachine(app, id, nonce, signal);
}
/** Metadata and mount placement as they are now: neither gives a machine a new version when it changes. */
function updateBody(action: MachineUpdate, fresh: ObservedMachine, leaseNonce: string) {
  const live = fresh.config;
  const config: MachineConfig = {
    ...action.config,
    metadata: { ...live?.metadata, ...action.config.metadata },
    ...(action.config.mounts === undefined ? {} : { mounts: placeMounts(action.config, live) }),
  };
  return { config, currentVersion: action.instance, leaseNonce, skipLaunch: !boots(action.launch, fresh), ...withSecrets(action) };
}
/** Without it the host may start the machine with secrets of before. */
const withSecrets = ({ stamp }: Pick<MachineUpdate, 'stamp'>) => (stamp.secrets === null ? {} : { minSecretsVersion: stamp.secrets });
function placeMounts(config: MachineConfig, live: MachineConfig | null): NonNullable<MachineConfig['mounts']> {
  return (config.mounts ?? []).map((mount, at) => {
    const now = live?.mounts?.[at];
    if (now?.volume === undefined) return mount;
    return {
      ...mount,
      volume: now.volume,
      ...(now.size_gb === undefined ? {} : { size_gb: now.size_gb }),
      ...(now.encrypted === undefined ? {} : { encrypted: now.encrypted }),
    };
  });
}
const boots = (launch: Launch, fresh: ObservedMachine): boolean => launch === 'start' || (launch === 'keep' && RUNS.includes(fresh.state));
