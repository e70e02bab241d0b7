/** The plan of one process group: stateless, asked again at every pass. At most one action per machine. Pure. */
import type { Change, Drift } from './change.ts';
import { contentKey, driftKey } from './change.ts';
import type { Finding, PlanContext } from './finding.ts';
import { isSettledAt } from './finding.ts';
import { createChange, restampChange, reviveChange, startChange, stopChange, uncordonChange, updateChange } from './group-changes.ts';
import { countGroup, isFull } from './group-counts.ts';
import { type GroupScene, holdOf } from './group-scene.ts';
import { surplusOf } from './group-surplus.ts';
import type { WantedImage } from './machine-body.ts';
import { wantedImage } from './machine-body.ts';
import type { Member } from './members.ts';
import { mustRun } from './members.ts';
import { isActive, isStarted } from './observed.ts';
import type { Hold } from './plan.ts';
import { lacksProof } from './proof.ts';
import type { CompiledGroup, Rollout } from './revision.ts';
import type { RolloutChoice } from './rollout.ts';
import { chooseUpdates, oneFirst } from './rollout.ts';
import { freeNames } from './scale.ts';
import { markOf, membersIn } from './secret-mark.ts';
import { belongingOf, QUARANTINE_KEY } from './stamp.ts';

export function planGroup(context: PlanContext, group: CompiledGroup): Finding {
  const { app, observed, owner, memory, now } = context;
  const members = membersIn(context, group);
  const running = observed.machines.filter((machine) => isActive(machine) && belongingOf(machine, owner).is !== 'foreign');
  const image = wantedImage(app.image, [...members.map(({ machine }) => machine), ...running]);
  const counts = countGroup(group, members, memory, now);
  const primary = app.primaryRegion ?? group.regions[0]?.region;
  const scene: GroupScene = { context, group, members, counts, image, primary };

  const made = creations(scene);
  const surplus = surplusOf(scene, made.missing);
  const rolled = rollout(scene, made.missing > 0);
  const taken = new Set([...surplus.now, ...rolled.now].map(({ subject }) => subject));
  const tended = tend(scene, taken);
  const kept = [...made.now, ...surplus.now, ...rolled.now, ...tended];
  return {
    now: [...kept, ...proof(scene, kept)],
    later: [[...surplus.later, ...(rolled.later[0] ?? [])], ...rolled.later.slice(1)].filter((wave) => wave.length > 0),
    holds: [...made.holds, ...surplus.holds, ...rolled.holds, ...sickHosts(scene)],
    drifts: driftsOf(scene),
    temporary: [...rolled.temporary, ...surplus.temporary],
  };
}
const sickHosts = (scene: GroupScene): readonly Hold[] =>
  scene.members
    .filter(({ hash }) => hash === null)
    .map(({ machine }) =>
      holdOf(scene, 'HostUnreachable', machine.name, `the host of ${machine.name} (${machine.region}) is ${machine.hostStatus}`),
    );

function creations(scene: GroupScene): { readonly now: readonly Change[]; readonly holds: readonly Hold[]; readonly missing: number } {
  const { context, group, counts, image } = scene;
  const missing = counts.regions.reduce((sum, region) => sum + region.missing, 0);
  const fullHolds = counts.full.map(({ region, missing: lacking }) =>
    holdOf(scene, 'NoCapacity', `${group.name}/${region}`, `${lacking} machine(s) of ${group.name} find no room in ${region}`),
  );
  if (missing === 0) return { now: [], holds: fullHolds, missing: counts.full.length };
  if (image === null)
    return {
      now: [],
      missing,
      holds: [holdOf(scene, 'NoImage', group.name, `no image is stated for ${group.name} and nothing runs to take it from`)],
    };
  const volumes = [...freeVolumes(scene)];
  const holds: Hold[] = [...fullHolds];
  const now = counts.regions.flatMap(({ region, want, have, missing: count }) =>
    freeNames(group, region, count, context.observed.machines, context.memory).flatMap((name) => {
      const at = volumes.findIndex((volume) => volume.region === region);
      const volume = group.mount === null || at === -1 ? null : (volumes.splice(at, 1)[0] ?? null);
      if (group.mount !== null && volume === null) {
        holds.push(holdOf(scene, 'WaitingForVolume', name, `${name} waits for a volume ${group.mount.name} in ${region}`));
        return [];
      }
      const drift = isSettledAt(context);
      const fields = [{ pointer: 'count', from: have, to: want, group: 'count' as const }];
      const why = `${drift ? 'make again' : 'make'} ${name}: ${region} has ${have} of ${want}`;
      return [
        createChange(context, group, image, { name, region, volume }, { cause: drift ? 'drift' : 'change', urgent: drift, fields, why }),
      ];
    }),
  );
  return { now, holds, missing };
}
const freeVolumes = ({ context, group }: GroupScene) =>
  context.observed.volumes.filter(
    ({ name, state, attachedMachine, hostStatus }) =>
      name === group.mount?.name && state === 'created' && attachedMachine === null && hostStatus === 'ok',
  );

interface Rolled {
  readonly now: readonly Change[];
  readonly later: readonly (readonly Change[])[];
  readonly holds: readonly Hold[];
  readonly temporary: readonly string[];
}
function rollout(scene: GroupScene, incomplete: boolean): Rolled {
  const { context, group, counts, image } = scene;
  const stale = counts.kept.filter((member) => !member.current && member.replace === null);
  const temporary = context.memory.temporary.filter(
    (name) => stale.length > 0 && scene.members.some(({ machine }) => machine.name === name),
  );
  if (stale.length === 0 || image === null) return { now: [], later: [], holds: [], temporary };
  const all = [...counts.kept, ...counts.surplus.filter(({ machine }) => temporary.includes(machine.name))];
  const proved = isProved(scene);
  const chosen = chooseUpdates(stale, all, group, rolloutFor(scene), counts.wanted, proved);
  // What is in a secret shows only when it is used: one machine tries it before the others.
  const choice = proved || !hasNewSecrets(stale) || context.app.rollout.strategy === 'immediate' ? chosen : oneFirst(chosen);
  // With a second machine made first, requests have somewhere to go.
  const alone = all.filter(({ ready }) => ready).length <= 1 && (choice.surge === 0 || incomplete);
  const update = (member: Member, launch: 'keep' | 'start'): Change =>
    member.machine.state === 'failed'
      ? updateChange(context, group, image, member, 'start', alone)
      : updateChange(context, group, image, member, launch, alone);
  // What only puts something back is a correction with its second machine too: no release, and it waits like one.
  const cause = stale.every((member) => member.drifted && !member.outdated) ? 'drift' : 'change';
  const surge = incomplete ? [] : surgeCreations(scene, image, choice, cause);
  const holds =
    choice.now.length === 0 && surge.length === 0 && choice.waitsFor.length > 0
      ? [
          holdOf(
            scene,
            'WaitingForHealth',
            group.name,
            `${stale.length} machine(s) wait: ${choice.waitsFor.map(({ machine }) => machine.name).join(', ')} must pass first`,
          ),
        ]
      : [];
  return {
    now: [...surge, ...choice.now.map(({ member, launch }) => update(member, launch))],
    later: choice.later.map((wave) => wave.map((member) => update(member, 'keep'))),
    holds,
    temporary: [...temporary, ...surge.map(({ subject }) => subject)],
  };
}
const hasNewSecrets = (members: readonly Member[]): boolean =>
  members.some(({ differences }) => differences.some(({ group }) => group === 'secret'));
/** `auto` surges for groups that serve; nothing surges into a full region. */
function rolloutFor({ context, group, primary }: GroupScene): Rollout {
  const { rollout: stated } = context.app;
  const serves = (group.config.services?.length ?? 0) > 0;
  const full = primary !== undefined && isFull(context.memory, group.name, primary, context.now);
  return full || (stated.surge === 'auto' && !serves) ? { ...stated, surge: 0 } : stated;
}
function surgeCreations(scene: GroupScene, image: WantedImage, choice: RolloutChoice, cause: 'drift' | 'change'): readonly Change[] {
  const { context, group, counts } = scene;
  const region = counts.regions.find(({ want }) => want > 0)?.region;
  if (choice.surge === 0 || region === undefined) return [];
  return freeNames(group, region, choice.surge, context.observed.machines, context.memory).map((name) =>
    createChange(
      context,
      group,
      image,
      { name, region, volume: null },
      { cause, urgent: false, fields: [], why: `make ${name} for the time of the rollout` },
    ),
  );
}
/** Was one machine of the wanted content seen started and passing? Content that ran before (pure drift) needs no proof. */
function isProved({ context, group, members, image }: GroupScene): boolean {
  const key = contentKey(group.name, { hash: group.hash, digest: image?.digest ?? null, secrets: markOf(context) });
  if (context.memory.proofs.includes(key)) return true;
  return members.every((member) => !member.outdated) || members.some((member) => member.current && member.ready);
}

/** State, cordon, floor and stamps of machines that nothing else touches in this pass. */
function tend(scene: GroupScene, taken: ReadonlySet<string>): readonly Change[] {
  const { context, group, counts, image } = scene;
  const changes: Change[] = [];
  const rest = counts.kept.filter((member) => !taken.has(member.machine.name) && member.hash !== null && !member.moving);
  for (const member of rest) {
    const { machine } = member;
    if (machine.state === 'failed' && image !== null && mustRun(member, group)) changes.push(reviveChange(context, group, image, member));
    else if (machine.cordoned || machine.metadata[QUARANTINE_KEY] !== undefined) changes.push(uncordonChange(context, group, member));
    else if (!isStarted(machine) && mustRun(member, group))
      changes.push(startChange(context, group, member, 'drift', `start ${machine.name}: it is ${machine.state} and must run`));
    else if (member.copy) changes.push(restampChange(context, group, member, `count ${machine.name}, a copy, under its own name`));
    else if (member.current && (member.drifted || member.outdated) && member.hash === group.hash)
      changes.push(restampChange(context, group, member, `note what ${machine.name} runs: somebody wrote it already`));
  }
  if (group.resting === true) changes.push(...rested(scene, rest, new Set([...taken, ...changes.map(({ subject }) => subject)])));
  return [...changes, ...floor(scene, rest, new Set([...taken, ...changes.map(({ subject }) => subject)]))];
}
/** Stopped on purpose; under protection the last that serves stays. */
function rested({ context, group }: GroupScene, rest: readonly Member[], taken: ReadonlySet<string>): readonly Change[] {
  const serving = rest.filter(({ machine, standby }) => isStarted(machine) && !standby);
  const kept = context.environment.protection === 'production' ? 1 : 0;
  return serving.slice(kept).flatMap((member) => (taken.has(member.machine.name) ? [] : [stopChange(context, group, member)]));
}
/** Fewer started in the primary region than `minMachinesRunning`: started again, at once. */
function floor(scene: GroupScene, rest: readonly Member[], taken: ReadonlySet<string>): readonly Change[] {
  const { context, group, counts, primary } = scene;
  const here = counts.kept.filter(({ standby, machine }) => !standby && machine.region === primary);
  const up = here.filter(({ machine, moving }) => isStarted(machine) || (moving && machine.state !== 'stopping')).length;
  const waking = here.filter(({ machine }) => !isStarted(machine) && taken.has(machine.name)).length;
  const lacking = group.resting === true ? 0 : Math.min(group.minMachinesRunning, here.length) - up - waking;
  return rest
    .filter((member) => here.includes(member) && !isStarted(member.machine) && !taken.has(member.machine.name))
    .slice(0, Math.max(0, lacking))
    .map((member) =>
      startChange(
        context,
        group,
        member,
        'floor',
        `start ${member.machine.name}: ${up} of at least ${group.minMachinesRunning} run in ${primary}`,
      ),
    );
}
/** Everything is written but all of it sleeps: one is woken, proved, and left for the proxy to stop. */
function proof(scene: GroupScene, changes: readonly Change[]): readonly Change[] {
  const { context, group, counts } = scene;
  const members = counts.kept.filter(({ standby }) => !standby);
  if (changes.length > 0 || group.resting === true || !lacksProof(context, group, members)) return [];
  if (members.some(({ ready, moving, machine, current }) => ready || moving || isStarted(machine) || !current)) return [];
  const first = members.find(({ hash }) => hash !== null);
  return first === undefined
    ? []
    : [startChange(context, group, first, 'release', `start ${first.machine.name} once, to prove what was written`)];
}

function driftsOf(scene: GroupScene): readonly Drift[] {
  const { context, group, counts } = scene;
  const app = context.app.app;
  const found = (subject: string, field: Drift['field'], urgent: boolean): Drift => ({
    app,
    kind: 'machine-group',
    subject,
    field,
    urgent,
    key: driftKey(app, 'machine-group', subject, field.pointer),
  });
  const config = counts.kept
    .filter(({ drifted }) => drifted)
    .flatMap(({ machine, differences }) => differences.map((field) => found(machine.name, field, false)));
  const states = counts.kept.flatMap((member) => {
    const { machine } = member;
    const resting = member.hash !== null && !member.moving && !isStarted(machine) && mustRun(member, group);
    return [
      ...(resting ? [found(machine.name, { pointer: 'state', from: machine.state, to: 'started', group: 'state' }, true)] : []),
      ...(machine.cordoned && member.hash !== null
        ? [found(machine.name, { pointer: 'cordoned', from: true, to: false, group: 'cordon' }, true)]
        : []),
    ];
  });
  return [...config, ...states, ...countDrifts(scene, found)];
}
function countDrifts(scene: GroupScene, found: (subject: string, field: Drift['field'], urgent: boolean) => Drift): readonly Drift[] {
  const { context, group, counts, members } = scene;
  // What is too many or missing while a release runs is its change; a copy never is.
  const settled = isSettledAt(context);
  const temporary = new Set(context.memory.temporary);
  const extra = counts.surplus.filter(
    ({ machine, replace, copy }) => (copy || (settled && replace === null)) && !temporary.has(machine.name),
  );
  return [
    ...counts.regions
      .filter(({ missing }) => settled && missing > 0)
      .map(({ region, have, want }) => found(`${group.name}/${region}`, { pointer: 'count', from: have, to: want, group: 'count' }, true)),
    ...extra.map(({ machine }) => {
      const listed = group.regions.some(({ region }) => region === machine.region);
      const have = members.filter((member) => member.machine.region === machine.region).length;
      const field = { pointer: 'count', from: have, to: have - 1, group: listed ? ('count' as const) : ('region' as const) };
      return found(machine.name, field, false);
    }),
  ];
}
