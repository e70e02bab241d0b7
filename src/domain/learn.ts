/** What an observation teaches: memory in, memory out. Pure. */
import type { Change, Drift } from './change.ts';
import { contentKey } from './change.ts';
import { recordOf } from './drift-record.ts';
import type { Finding, PlanContext } from './finding.ts';
import { digest } from './ids.ts';
import type { AppMemory, DriftRecord } from './memory.ts';
import { CAPACITY_BACKOFF_MS, CONTENTION_WINDOW_MS } from './memory.ts';
import type { ObservedApp } from './observed.ts';
import { isActive } from './observed.ts';
import { baselineOf } from './release-baseline.ts';
import { learnReleaseCommand } from './release-command.ts';
import { unreadySince } from './release-verdict.ts';
import { correctionKey } from './restrain.ts';
import { countKey, incarnationOf, membersOf, slotOf } from './scale.ts';
import { membersIn } from './secret-mark.ts';
import { unknownNames } from './secret-plan.ts';
import { fingerprintsOf } from './secret-records.ts';
import { belongingOf } from './stamp.ts';
import type { Instant } from './units.ts';

/** The platform's list lags behind a create by seconds; after this a machine that is not there was destroyed. */
export const LIST_LAG_MS = 60_000;
/** Contents that were seen to serve; the oldest are forgotten, and proved again when they come back. */
const PROOFS_KEPT = 100;

/** Before planning: names that vanished, machines that were listed at last, contents that serve. */
export function learnFromObservation(given: PlanContext): AppMemory {
  const context = { ...given, memory: afresh(given) };
  const { memory, observed, owner, now } = context;
  const own = observed.machines.filter((machine) => isActive(machine) && belongingOf(machine, owner).is === 'own').map(({ name }) => name);
  const listed = new Set(observed.machines.map(({ id }) => String(id)));
  const expired = (at: Instant): boolean => now - at > LIST_LAG_MS;
  return {
    ...memory,
    members: observed.complete ? [...own].sort() : memory.members,
    incarnations: observed.complete ? countDestroyed(memory, own) : memory.incarnations,
    command: learnReleaseCommand(context),
    recent: Object.fromEntries(Object.entries(memory.recent).filter(([id, at]) => !listed.has(id) && !expired(at))),
    proofs: provedBy(context),
    noCapacity: Object.fromEntries(Object.entries(memory.noCapacity).filter(([, at]) => now - at < CAPACITY_BACKOFF_MS)),
    corrections: recentCorrections(memory, now),
    unknownSecrets: Object.fromEntries(unknownNames(context).map((name) => [name, memory.unknownSecrets[name] ?? now])),
    countsBefore: countsBefore(context),
    baseline: context.unproved === true ? { app: baselineOf(context.app, observed, owner, now) } : null,
    unreadySince: unreadySince(
      context.app.groups.flatMap((group) => membersIn(context, group)),
      memory.unreadySince,
      now,
    ),
  };
}
/** A new release, or its way back: what the one before met with is not held against it. */
function afresh({ memory, attempt }: PlanContext): AppMemory {
  if (attempt === undefined || attempt === memory.attempt) return memory;
  const command = memory.command?.result === 'failed' ? null : memory.command;
  const corrections = Object.fromEntries(Object.entries(memory.corrections).filter(([key]) => !key.endsWith('/image')));
  return { ...memory, attempt, command, corrections, unreadySince: {} };
}
/** Kept while the app is switched off, and until it has as many again or git's range says otherwise. */
function countsBefore(context: PlanContext): AppMemory['countsBefore'] {
  const { app, memory, observed } = context;
  if (!observed.complete || app.excluded) return memory.countsBefore;
  return Object.fromEntries(
    app.groups.flatMap((group) => {
      const members = membersIn(context, group);
      return group.regions.flatMap(({ region, max }): readonly [string, number][] => {
        const key = countKey(group.name, region);
        const [before, have] = [memory.countsBefore[key] ?? 0, membersOf(members, region).length];
        if (app.enabled) return have < Math.min(before, max) ? [[key, before]] : [];
        return before === 0 && have === 0 ? [] : [[key, Math.max(before, have)]];
      });
    }),
  );
}
function countDestroyed(memory: AppMemory, own: readonly string[]): AppMemory['incarnations'] {
  const here = new Set(own);
  const gone = memory.members.filter((name) => !here.has(name));
  const counted = gone.map((name): [string, number] => [
    slotOf(name),
    Math.max(memory.incarnations[slotOf(name)] ?? 0, incarnationOf(name)) + 1,
  ]);
  return counted.length === 0 ? memory.incarnations : { ...memory.incarnations, ...Object.fromEntries(counted) };
}
function provedBy(context: PlanContext): readonly string[] & AppMemory['proofs'] {
  const { app, memory } = context;
  const proofs = new Set(memory.proofs);
  for (const group of app.groups)
    for (const { ready, hash, stamp, machine } of membersIn(context, group)) {
      const content = { hash: stamp.hash, digest: machine.image.digest ?? null, secrets: stamp.secrets };
      if (ready && hash === stamp.hash) proofs.add(contentKey(group.name, content));
    }
  return [...proofs].slice(-PROOFS_KEPT);
}
function recentCorrections(memory: AppMemory, now: Instant): AppMemory['corrections'] {
  const kept = Object.entries(memory.corrections).map(([key, times]): [string, Instant[]] => [
    key,
    times.filter((at) => now - at < CONTENTION_WINDOW_MS),
  ]);
  return Object.fromEntries(kept.filter(([, times]) => times.length > 0));
}

/** The time that prune waits begins when a machine is seen to be an orphan, and anew when it was none in between. */
const orphansIn = ({ memory, now }: PlanContext, { now: changes }: Finding): AppMemory['orphans'] =>
  Object.fromEntries(
    changes.flatMap(({ cause, action }) =>
      cause === 'prune' && action.kind === 'machine-group' && action.verb !== 'create'
        ? [[action.machine, memory.orphans[action.machine] ?? now]]
        : [],
    ),
  );

export interface DriftNews {
  readonly seen: readonly Drift[];
  /** `corrected`: we wrote it; else it went away by itself. */
  readonly gone: readonly { readonly record: DriftRecord; readonly corrected: boolean }[];
}
/** After planning: what drifts since when, adoption, and whether all is as this revision asks. */
export function learnFromFinding(
  context: PlanContext,
  finding: Finding,
  synced: boolean,
): { readonly memory: AppMemory; readonly news: DriftNews } {
  const { memory, observed, owner } = context;
  const seen = finding.drifts.filter(({ key }) => memory.drifts[key] === undefined);
  const current = new Set(finding.drifts.map(({ key }) => key));
  const gone = Object.entries(memory.drifts).flatMap(([key, record]) => {
    const at =
      memory.corrections[
        correctionKey({ app: context.app.app, action: { kind: record.kind }, subject: record.subject }, record.pointer)
      ]?.at(-1);
    return current.has(key) ? [] : [{ record, corrected: at !== undefined && at >= record.at }];
  });
  const adopted = finding.now.filter(({ cause }) => cause === 'adoption');
  const adopting = adopted.length > 0;
  const hasOwn = observed.machines.some((machine) => isActive(machine) && belongingOf(machine, owner).is !== 'foreign');
  return {
    news: { seen, gone },
    memory: {
      ...memory,
      drifts: Object.fromEntries(finding.drifts.map((drift) => [drift.key, memory.drifts[drift.key] ?? recordOf(drift, context)])),
      temporary: [...new Set(finding.temporary)],
      orphans: orphansIn(context, finding),
      adopted: memory.adopted || (hasOwn && !adopting),
      excluded: memory.excluded && adopting,
      settling: adopting || memory.excluded || (memory.settling && !synced),
      // What ran when it was taken over needs no proof.
      proofs: [...new Set([...memory.proofs, ...adopted.flatMap(contentOf)])],
      adoptedAddresses: adopting ? addressesOf(observed) : memory.adoptedAddresses,
      syncedRevision: synced ? context.revision : memory.syncedRevision,
      provedSecrets: synced && context.release === undefined ? fingerprintsOf(context.secrets) : memory.provedSecrets,
    },
  };
}
const addressesOf = (observed: ObservedApp): string[] => observed.addresses.map(({ ip }) => ip);
const contentOf = ({ group, action }: Change): readonly string[] =>
  group === null || action.verb !== 'restamp'
    ? []
    : [
        contentKey(group, {
          hash: action.stamp.hash,
          digest: action.stamp.image.startsWith('sha256:') ? digest(action.stamp.image) : null,
          secrets: action.stamp.secrets,
        }),
      ];
