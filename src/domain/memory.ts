/** What trimtab remembers of one app between passes: small, JSON, rebuilt from stamps when lost. */
import { z } from 'zod';
import { FIELD_GROUPS, KIND_NAMES } from './change.ts';
import { type Digest, digest } from './ids.ts';
import type { CompiledApp } from './revision.ts';
import type { Instant } from './units.ts';
import { instant } from './units.ts';

const at = z.number().int().transform(instant);
/** When a drift was first seen, and what it is. */
export const DriftRecord = z.object({
  at,
  kind: z.enum(KIND_NAMES),
  subject: z.string(),
  pointer: z.string(),
  field: z.enum(FIELD_GROUPS),
  from: z.string(),
  to: z.string(),
  actor: z.string().nullable(),
});
export type DriftRecord = z.infer<typeof DriftRecord>;
export const CommandRun = z.object({
  /** Platform release it belongs to. */
  release: z.string(),
  revision: z.string(),
  machine: z.string(),
  /** Null: no limit. Of the revision it was started for. */
  timeout: z.number().int().nullable(),
  seenAt: at,
  /** By the platform's clock. */
  startedAt: at.nullable(),
  result: z.enum(['passed', 'failed']).nullable(),
  /** What became of it, for people. */
  message: z.string(),
});
export type CommandRun = z.infer<typeof CommandRun>;
/** Written by ourselves: only its frame is looked at. */
const Frame = z.object({ app: z.string(), groups: z.array(z.unknown()) });
export const AppMemory = z.object({
  /** Taken over, or made by us: later unstamped machines are foreign. */
  adopted: z.boolean().default(false),
  /** Was left alone on purpose: what carries our stamp may have been changed by anybody since, and is taken over anew. */
  excluded: z.boolean().default(false),
  /** After adoption until the first Synced: restarts and destroys wait for a person. */
  settling: z.boolean().default(false),
  /** There was no history, and the stamps do not tell what was meant: until a person does. */
  lost: z.boolean().default(false),
  /** Was Synced at this revision. */
  syncedRevision: z.string().nullable().default(null),
  /** By drift key. */
  drifts: z.record(z.string(), DriftRecord).default({}),
  /** Step key → times of its last corrections, oldest first. */
  corrections: z.record(z.string(), z.array(at)).default({}),
  /** Content keys of which one machine was seen started and passing. */
  proofs: z.array(z.string()).default([]),
  /** Machine name → how many machines of this slot were seen destroyed. */
  incarnations: z.record(z.string(), z.number().int()).default({}),
  /** The platform release we have open. */
  release: z.object({ id: z.string(), version: z.number().int(), revision: z.string(), openedAt: at }).nullable().default(null),
  /** The run of a release command that was seen last. */
  command: CommandRun.nullable().default(null),
  /** The release of the environment that brought it somewhere last, and in which direction. */
  attempt: z.string().nullable().default(null),
  /** The last complete one of ours: new machines carry its id and version. */
  lastRelease: z.object({ id: z.string(), version: z.number().int() }).nullable().default(null),
  /** `group/region` → refused for lack of room at. */
  noCapacity: z.record(z.string(), at).default({}),
  /** Addresses that were there at adoption: never released without a person. */
  adoptedAddresses: z.array(z.string()).default([]),
  /** Names of machines that are extra on purpose (surge, or being replaced): taking them away is no scale-in. */
  temporary: z.array(z.string()).default([]),
  /** Own machine names at the last complete observation: a name that vanishes was destroyed. */
  members: z.array(z.string()).default([]),
  /** Machines we made lately → when: read one by one while the platform's list lags behind. */
  recent: z.record(z.string(), at).default({}),
  /** Fingerprints of the secrets it was Synced with while no release was under way: what a release found, by name. */
  provedSecrets: z.record(z.string(), z.string()).default({}),
  /** Secrets on the platform that nobody declares → first seen so. */
  unknownSecrets: z.record(z.string(), at).default({}),
  /** While no release has proved this app: it as it runs, null where nothing does. Null: not looked at since. */
  baseline: z
    .object({ app: z.custom<CompiledApp>((value) => Frame.safeParse(value).success).nullable() })
    .nullable()
    .default(null),
  /** Where the tag that git names points to by now, while that is not what was resolved. */
  tag: z
    .object({ reference: z.string(), digest: z.string().transform((text): Digest => digest(text)), since: at })
    .nullable()
    .default(null),
  /** `group/region` of an app that was switched off → how many there were: a range comes back with as many. */
  countsBefore: z.record(z.string(), z.number().int()).default({}),
  /** Machines that git does not ask for any more → first seen so. */
  orphans: z.record(z.string(), at).default({}),
  /** Machine and instance → first seen with what it should run and not ready. */
  unreadySince: z.record(z.string(), at).default({}),
});
export type AppMemory = z.infer<typeof AppMemory>;
export const emptyMemory = (): AppMemory => AppMemory.parse({});

/** Three corrections of one thing in ten minutes: two sides pull. */
export const CONTENTION_LIMIT = 3;
export const CONTENTION_WINDOW_MS = 600_000;
/** A region that refused for room is asked again after this long. */
export const CAPACITY_BACKOFF_MS = 300_000;

export const correctionsSince = (memory: AppMemory, key: string, since: Instant): number =>
  (memory.corrections[key] ?? []).filter((time) => time >= since).length;
