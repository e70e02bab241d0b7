/** Which machines of a group may be written now, so that at most `maxUnavailable` of it do not serve, counting those that do not anyway. Pure.
 *  A rollout has no state of its own: it is this question, asked again at every pass. */
import { isCrashLooping } from './health.ts';
import type { Member } from './members.ts';
import { mustRun } from './members.ts';
import type { CompiledGroup, Rollout } from './revision.ts';

export interface RolloutChoice {
  readonly now: readonly { readonly member: Member; readonly launch: 'keep' | 'start' }[];
  /** What follows, in order, in waves of the budget. */
  readonly later: readonly (readonly Member[])[];
  /** One more machine has to be made and pass first. */
  readonly surge: number;
  /** Waits for machines that were written and do not serve yet. */
  readonly waitsFor: readonly Member[];
}

/** Machines that may not serve at the same time: at least one, or nothing could ever be written. */
export function budgetOf(rollout: Rollout, count: number): number {
  if (rollout.strategy === 'immediate') return Math.max(count, 1);
  return Math.max(1, rollout.maxUnavailable < 1 ? Math.floor(rollout.maxUnavailable * count) : Math.floor(rollout.maxUnavailable));
}

/** `stale`: what is to be written, in the order of preference. `kept`: every machine that stays, stale ones included.
 *  `proved`: one machine with the new content was seen started and passing. */
export function chooseUpdates(
  stale: readonly Member[],
  kept: readonly Member[],
  group: CompiledGroup,
  rollout: Rollout,
  wantedCount: number,
  proved: boolean,
): RolloutChoice {
  const budget = budgetOf(rollout, wantedCount);
  const counted = kept.filter((member) => !member.standby);
  const standbys = stale.filter((member) => member.standby);
  const cold = stale.filter((member) => !member.standby && !member.ready && !mustRun(member, group) && !isBooting(member));
  const broken = stale.filter((member) => !member.standby && !member.ready && !cold.includes(member));
  const warm = stale.filter((member) => !member.standby && member.ready);
  const written = counted.filter((member) => member.current && !member.ready && (mustRun(member, group) || isBooting(member)));
  const free = Math.max(0, budget - written.length);
  // The platform starts a crashing machine again and again, with growing pauses: it would never rest.
  const resting = broken.filter((member) => !member.moving || isCrashLooping(member.machine));
  const ready = counted.filter((member) => member.ready).length;

  const fixing = resting.slice(0, free);
  const turned = broken.filter(isGoingWrong);
  const waking = !proved && cold.length > 0 && written.length === 0 && fixing.length === 0 && ready < 2 ? cold.slice(0, 1) : [];
  const sleeping = (proved ? cold : ready >= 2 ? cold : []).filter((member) => !member.moving);
  const surge = surgeNeeded(warm, counted, group, rollout, wantedCount);
  const down = written.length + broken.length;
  const needsProof = !proved && cold.length > 0 && ready < 2;
  const allowed = surge > 0 || needsProof ? 0 : warmAllowed(budget, down, ready, counted.length);
  const touched = warm.slice(0, Math.min(allowed, warm.length));
  const now = [
    ...standbys.map((member) => ({ member, launch: 'keep' as const })),
    ...turned.map((member) => ({ member, launch: 'keep' as const })),
    ...fixing.map((member) => ({ member, launch: 'start' as const })),
    ...waking.map((member) => ({ member, launch: 'start' as const })),
    ...sleeping.map((member) => ({ member, launch: 'keep' as const })),
    ...touched.map((member) => ({ member, launch: 'keep' as const })),
  ];
  const chosen = new Set(now.map(({ member }) => member));
  return {
    now,
    surge,
    waitsFor: written,
    later: chunk(
      [...broken, ...cold, ...warm].filter((member) => !chosen.has(member)),
      budget,
    ),
  };
}
/** At most one machine that is started or serves; the rest follows when it has passed. */
export function oneFirst(choice: RolloutChoice): RolloutChoice {
  const busy = choice.waitsFor.length > 0 || choice.surge > 0;
  const [first] = [...choice.now].sort(
    (a, b) => Number(b.launch === 'start') - Number(a.launch === 'start') || Number(b.member.ready) - Number(a.member.ready),
  );
  const now = busy || first === undefined ? [] : [first];
  const rest = choice.now.flatMap(({ member }) => (now.some((one) => one.member === member) ? [] : [member]));
  return { ...choice, now, later: rest.length === 0 ? choice.later : [rest, ...choice.later] };
}
/** On its way into a config that somebody else wrote: it serves nobody, so putting it right at once takes nothing from anybody. By the config
 *  alone: the image that a machine tells is the old one until the new version runs. */
const isGoingWrong = ({ moving, hash, stamp, outdated, machine }: Member): boolean =>
  moving && hash !== null && hash !== stamp.hash && !outdated && COMING_UP.includes(machine.state);
const COMING_UP: readonly string[] = ['updating', 'replacing', 'starting', 'restarting'];
const isBooting = (member: Member): boolean => member.moving || member.machine.state === 'started';

/** The last machine that serves is never taken while another one could be brought up first. */
function warmAllowed(budget: number, down: number, ready: number, count: number): number {
  const room = budget - down;
  return count <= 1 ? Math.max(0, Math.min(room, 1)) : Math.max(0, Math.min(room, ready - 1));
}
/** `auto`: a serving group of one without a volume gets a second machine first; a number: that many more while a rollout runs. */
function surgeNeeded(
  warm: readonly Member[],
  counted: readonly Member[],
  group: CompiledGroup,
  rollout: Rollout,
  wantedCount: number,
): number {
  if (warm.length === 0 || group.mount !== null || rollout.strategy === 'immediate') return 0;
  const wanted = rollout.surge === 'auto' ? (wantedCount === 1 ? 1 : 0) : Math.min(rollout.surge, warm.length);
  return Math.max(0, wantedCount + wanted - counted.length);
}
function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const waves: T[][] = [];
  for (let at = 0; at < items.length; at += size) waves.push(items.slice(at, at + size));
  return waves;
}
