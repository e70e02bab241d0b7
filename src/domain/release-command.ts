/** The release command of an app: run once per platform release on a machine of its own, before any machine is written. Every pass looks again
 *  at that machine and does the next thing; success is an exit event that was seen. Pure. Source: fly-behaviour.md §6.8. */
import type { Change } from './change.ts';
import type { PlanContext } from './finding.ts';
import { intentFor } from './finding.ts';
import { hashOwned, ownedView } from './flyconfig/ownership.ts';
import { isFull } from './group-counts.ts';
import type { RegionCode } from './ids.ts';
import { groupName } from './ids.ts';
import { releaseMetadata, wantedImage } from './machine-body.ts';
import type { MachineGuest } from './machine-config.ts';
import type { AppMemory, CommandRun } from './memory.ts';
import type { ObservedMachine } from './observed.ts';
import { isActive, isStarted } from './observed.ts';
import type { HoldReason } from './plan.ts';
import type { CompiledCommand } from './revision.ts';
import { freeNames } from './scale.ts';
import { newestOf } from './secret-mark.ts';
import { sizeToGuest } from './sizes.ts';
import { belongingOf, COMMAND_GROUP, flyGroupOf, type Stamp, stampToMetadata } from './stamp.ts';
import { type Instant, instant, ms } from './units.ts';

export interface CommandGate {
  /** `open`: content may be written · `running`: it waits, and nothing newer takes its place · `failed`: it is not written. */
  readonly is: 'open' | 'waiting' | 'running' | 'failed';
  /** What to do about the command's machines. */
  readonly now: readonly Change[];
  readonly hold: { readonly reason: HoldReason; readonly message: string } | null;
}
const OPEN: CommandGate = { is: 'open', now: [], hold: null };

/** Pulling the image and preparing a machine takes no longer, or it never will. */
const PREPARE_LIMIT_MS = 600_000;
/** The platform's reads lag behind its writes by seconds: until then "not there" is not "gone". */
const LAG_MS = 60_000;
/** A machine that ended destroys itself; one that is still there after this is destroyed. */
const LINGERS_MS = 60_000;
const NAME = groupName('release-command');
/** What the platform's CLI takes for an app without machines. */
const FIRST_SIZE = 'shared-cpu-2x';

/** `hasContent`: there is something that must not be written before the command has passed. `frozen`: nothing at all is written now. */
export function planReleaseCommand(context: PlanContext, hasContent: boolean, frozen: boolean): CommandGate {
  const { app, memory, revision, observed } = context;
  const { release, command: run } = memory;
  const running = run !== null && run.result === null && run.release === release?.id;
  const leftovers = frozen ? [] : commandMachines(context).flatMap((machine) => leftover(context, machine));
  if (run?.result === 'failed' && run.revision === revision && app.releaseCommand !== undefined) return failed(app.app, run, leftovers);
  if (running) return { ...progress(context, run, hasContent && !frozen), is: 'running' };
  const mine = release !== null && release.revision === revision;
  if (app.releaseCommand === undefined || !hasContent || (mine && run?.result === 'passed' && run.release === release.id))
    return { ...OPEN, now: leftovers };
  const message = `release command \`${app.releaseCommand.line}\` runs first`;
  const waiting = { is: 'waiting', hold: { reason: 'WaitingForReleaseCommand', message } } as const;
  if (leftovers.length > 0) return { ...waiting, now: leftovers };
  const image = wantedImage(app.image, observed.machines.filter(isActive));
  const region = app.primaryRegion ?? app.groups[0]?.regions[0]?.region;
  if (image === null || region === undefined) return { ...waiting, now: [] };
  if (isFull(memory, COMMAND_GROUP, region, context.now))
    return { ...waiting, now: [], hold: { reason: 'NoCapacity', message: `${region} has no room for the machine of the release command` } };
  return { ...waiting, now: [createChange(context, app.releaseCommand, image, region)] };
}
/** What it printed stays on the platform: it may hold what nobody should read here. */
function failed(app: string, { machine, message, startedAt }: CommandRun, now: readonly Change[]): CommandGate {
  const logs = startedAt === null ? '' : `; \`fly logs -a ${app} --machine ${machine}\` shows what it said`;
  return { is: 'failed', now, hold: { reason: 'ReleaseCommandFailed', message: `the release command ${message}${logs}` } };
}
/** It is made, it rests, it is started, it ends. */
function progress(context: PlanContext, run: CommandRun, mayStart: boolean): Omit<CommandGate, 'is'> {
  const hold = { reason: 'WaitingForReleaseCommand', message: `the release command ${run.message}` } as const;
  const machine = context.observed.machines.find(({ id }) => id === run.machine);
  if (machine === undefined || run.startedAt !== null || machine.state !== 'stopped' || !mayStart) return { now: [], hold };
  const why = `start ${machine.name}: the release command of this release`;
  return { hold, now: [change(context, machine, { kind: 'machine-group', verb: 'start', ...versionOf(machine) }, why)] };
}
const versionOf = ({ id, instanceId }: ObservedMachine) => ({ machine: id, instance: instanceId });

/** Ours and there, whatever release they belong to. A machine of somebody else's release is theirs. */
const commandMachines = ({ observed, owner }: PlanContext): readonly ObservedMachine[] =>
  observed.machines.filter(
    (machine) => isActive(machine) && flyGroupOf(machine.metadata) === COMMAND_GROUP && belongingOf(machine, owner).is === 'own',
  );
function leftover(context: PlanContext, machine: ObservedMachine): readonly Change[] {
  const { memory, now } = context;
  const current = memory.command?.machine === machine.id;
  const runs = current && memory.command?.result === null && memory.command.release === memory.release?.id;
  const ending = current && !isStarted(machine) && now - machine.updatedAt < LINGERS_MS;
  if (runs || ending) return [];
  const action = { kind: 'machine-group', verb: 'destroy', ...versionOf(machine), volume: null } as const;
  return [{ ...change(context, machine, action, `destroy ${machine.name}: its release command is over`), destroys: true }];
}
function change({ app }: PlanContext, machine: ObservedMachine, action: Change['action'], why: string): Change {
  const place = { app: app.app, subject: machine.name, group: COMMAND_GROUP, region: machine.region };
  return { ...place, ...NO_EFFECT, action, why };
}
const NO_EFFECT = {
  cause: 'release',
  urgent: false,
  fields: [],
  restarts: false,
  destroys: false,
  downtime: false,
  needsApproval: null,
} as const;

function createChange(
  context: PlanContext,
  command: CompiledCommand,
  image: { reference: string; digest: string | null },
  region: RegionCode,
) {
  const { app, owner, revision, generation, observed, memory, seed } = context;
  const [name = NAME] = freeNames({ name: NAME }, region, 1, observed.machines, memory);
  const base = { ...command.config, image: image.reference, guest: command.config.guest ?? guestFor(context, command) };
  const stamp: Stamp = {
    owner,
    app: app.app,
    group: COMMAND_GROUP,
    name,
    hash: hashOwned(ownedView(command.config, { guest: true, stated: [], ignored: [] })),
    image: image.digest ?? image.reference,
    secrets: newestOf(context),
    revision,
    generation,
    intent: intentFor(seed, `${app.app}/machine-group/${name}`),
  };
  const config = { ...base, metadata: { ...base.metadata, ...releaseMetadata(context), ...stampToMetadata(stamp) } };
  return {
    app: app.app,
    subject: name,
    group: COMMAND_GROUP,
    region,
    ...NO_EFFECT,
    action: { kind: 'machine-group', verb: 'create', name, region, config, stamp, launch: 'skip' },
    why: `make ${name} for the release command \`${command.line}\``,
  } satisfies Change;
}
/** The largest of the default group. */
function guestFor({ observed }: PlanContext, { guestOf }: CompiledCommand): MachineGuest {
  const guests = observed.machines
    .filter((machine) => isActive(machine) && flyGroupOf(machine.metadata) === guestOf)
    .flatMap(({ config }) => (config?.guest === undefined ? [] : [config.guest]));
  const [largest] = [...guests].sort((a, b) => (b.memory_mb ?? 0) - (a.memory_mb ?? 0));
  return largest ?? sizeToGuest(FIRST_SIZE) ?? {};
}

/** What this look tells of the command that runs, or of one that a crash left behind. */
export function learnReleaseCommand(context: PlanContext): AppMemory['command'] {
  const { memory, observed, now, app } = context;
  const { release, command: known } = memory;
  if (release === null) return known;
  if (known?.release === release.id) return known.result === null ? advance(context, known) : known;
  const found = commandMachines(context).find(({ metadata }) => metadata['fly_release_id'] === release.id);
  if (found === undefined || !observed.complete) return known;
  const timeout = app.releaseCommand?.timeout ?? null;
  const run = { release: release.id, revision: release.revision, machine: found.id, timeout, seenAt: now, startedAt: null };
  return advance(context, { ...run, result: null, message: 'is prepared' });
}
function advance({ observed, now }: PlanContext, run: CommandRun): CommandRun {
  const machine = observed.machines.find(({ id }) => id === run.machine);
  if (machine === undefined)
    return now - run.seenAt < LAG_MS
      ? run
      : { ...run, result: 'failed', message: 'ended unseen: its machine is gone, and so is its exit code' };
  const start = machine.events.findLast(({ type }) => type === 'start')?.at ?? null;
  const seen = { ...run, seenAt: now, startedAt: start };
  const exit = start === null ? undefined : machine.events.find((event) => event.exit !== undefined && event.at >= start)?.exit;
  if (exit !== undefined) {
    const why = exit.oomKilled ? 'ran out of memory' : `ended with exit code ${exit.exitCode}`;
    return { ...seen, result: exit.exitCode === 0 && !exit.oomKilled ? 'passed' : 'failed', message: why };
  }
  if (!isActive(machine)) {
    const why = start === null ? 'never ran: its machine could not be made (is the image there?)' : 'was taken away while it ran';
    return { ...seen, result: 'failed', message: why };
  }
  return start === null ? prepared(machine, seen, now) : inTime(seen, start, now);
}
function prepared(machine: ObservedMachine, run: CommandRun, now: Instant): CommandRun {
  if (now - machine.createdAt < PREPARE_LIMIT_MS) return { ...run, message: 'is prepared' };
  return { ...run, result: 'failed', message: `never ran: its machine is ${machine.state} for ten minutes` };
}
function inTime(run: CommandRun, start: Instant, now: Instant): CommandRun {
  const limit = run.timeout;
  if (limit === null || now < instant(start + limit)) return { ...run, message: 'runs' };
  return { ...run, result: 'failed', message: `did not end within ${ms(limit) / 1_000} s` };
}
