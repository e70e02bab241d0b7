/** What is kept of an environment's releases: the one under way, what is pinned, overridden, chosen or paused. Written whole, so that a crash
 *  leaves the one state or the other. Pure. */
import { z } from 'zod';
import { digest } from './ids.ts';
import type { ContentPart } from './pins.ts';
import { changedParts, contentOf, Pin, pinOf, provedIn } from './pins.ts';
import { isBackward, isEnded, RELEASE_KINDS, RELEASE_PHASES, Release } from './release.ts';
import type { CompiledEnvironment } from './revision.ts';
import type { Instant } from './units.ts';
import { instant } from './units.ts';

const at = z.number().int().transform(instant);
/** For a while, whatever git says. */
export const Override = z.object({
  app: z.string(),
  /** The digest decides. */
  image: z.object({ reference: z.string(), digest: z.string().transform(digest).nullable() }).nullable(),
  /** Null: every group. */
  group: z.string().nullable(),
  /** Machines per region that git names; null: as git says. */
  count: z.object({ region: z.string().nullable(), machines: z.number().int().min(0) }).nullable(),
  vm: z.object({ cpu_kind: z.string(), cpus: z.number(), memory_mb: z.number() }).nullable(),
  reason: z.string(),
  by: z.string(),
  at,
  until: at,
});
export type Override = z.infer<typeof Override>;
/** An image that a command named: stands while git's text is the one it was named over. */
export const ImageChoice = z.object({
  app: z.string(),
  over: z.string().nullable(),
  reference: z.string(),
  digest: z.string().transform(digest).nullable(),
  by: z.string(),
  at,
});
export type ImageChoice = z.infer<typeof ImageChoice>;
const Pause = z.object({ until: at, since: at, by: z.string(), reason: z.string() });

export const ReleaseBook = z.object({
  /** Of the newest release. */
  number: z.number().int().default(0),
  active: Release.nullable().default(null),
  lastGood: z.string().nullable().default(null),
  /** When a release was last complete. */
  provedAt: at.nullable().default(null),
  /** A release that reached the apps ended without bringing them anywhere: the next one covers every app. */
  unsettled: z.boolean().default(false),
  /** The accepted revision of which nothing more is tried, and why. */
  spent: z.object({ accepted: z.string(), message: z.string() }).nullable().default(null),
  /** The newest that ended. */
  last: z
    .object({
      number: z.number().int(),
      accepted: z.string(),
      kind: z.enum(RELEASE_KINDS),
      phase: z.enum(RELEASE_PHASES),
      message: z.string(),
    })
    .nullable()
    .default(null),
  pins: z.array(Pin).default([]),
  migrationPin: z.object({ set: z.string(), release: z.number().int(), reason: z.string(), at }).nullable().default(null),
  overrides: z.array(Override).default([]),
  images: z.array(ImageChoice).default([]),
  pause: Pause.nullable().default(null),
});
export type ReleaseBook = z.infer<typeof ReleaseBook>;
export const emptyBook = (): ReleaseBook => ReleaseBook.parse({});

/** Pins per environment: the oldest are forgotten, and fail again if they come back. */
const PINS_KEPT = 100;

export interface Documents {
  readonly from: CompiledEnvironment | null;
  readonly to: CompiledEnvironment;
}
/** The book after a turn of its release. */
export function afterTurn(book: ReleaseBook, release: Release, documents: Documents): ReleaseBook {
  const failedNow = release.failure !== null && book.active?.failure === null;
  const pinned = failedNow ? pinFailure(book, release, documents) : book;
  if (!isEnded(release)) return { ...pinned, active: release };
  const { number, accepted, kind, phase, message } = release;
  const ended = { ...pinned, active: null, last: { number, accepted, kind, phase, message } };
  switch (release.phase) {
    case 'complete':
      return {
        ...ended,
        lastGood: release.to,
        provedAt: release.endedAt,
        unsettled: false,
        pins: withoutProved(pinned.pins, documents.to),
      };
    case 'failed':
      return { ...ended, unsettled: release.from === null && release.touched };
    default:
      return { ...ended, unsettled: pinned.unsettled || release.touched };
  }
}
/** A failed migration pins its set alone; a failure that names no app, all that changed. Afterwards a commit without the pinned apps is tried
 *  once: not after a smoke, and not when that was what failed. */
function pinFailure(book: ReleaseBook, release: Release, { from, to }: Documents): ReleaseBook {
  const { failure, kind, accepted, number } = release;
  if (failure === null) return book;
  const reason = `${failure.reason}: ${failure.message}`;
  const at = release.phaseSince;
  if (failure.reason === 'Migration') {
    const set = release.migrations?.set ?? null;
    return set === null ? book : { ...book, migrationPin: { set, release: number, reason, at } };
  }
  const everything = failure.apps.length === 0 || kind === 'derived';
  const which = release.changes.filter(({ app }) => everything || failure.apps.includes(app));
  const pins = which.flatMap(({ app }) => pinFor(app, release, { from, to }, reason, at) ?? []);
  // A value that came without a commit says nothing of one.
  const spent = everything && kind !== 'secrets' ? { accepted, message: reason } : book.spent;
  return { ...book, spent, pins: [...book.pins, ...pins].slice(-PINS_KEPT) };
}
function pinFor(app: string, release: Release, { from, to }: Documents, reason: string, at: Instant): Pin | null {
  const found = provedIn(to, app);
  if (found === null) return null;
  const content = contentOf(found);
  const good = provedIn(from, app);
  const changed: readonly ContentPart[] = changedParts(good === null ? null : contentOf(good), content);
  const secrets = release.secrets[app] ?? {};
  if (changed.length === 0 && Object.keys(secrets).length === 0) return null;
  return { app, ...content, changed: [...changed], secrets, instead: null, release: release.number, by: 'trimtab', reason, at };
}
/** What became last good was mistaken for bad. A person's way back stays: git still says something else. */
const withoutProved = (pins: readonly Pin[], good: CompiledEnvironment): Pin[] =>
  pins.filter((pin) => {
    const app = provedIn(good, pin.app);
    return pin.instead !== null || app === null || pinOf([pin], app, null) === null;
  });

/** Git moved: what a person chose over the old text ends with it, and a way back ends where git agrees or says something new. */
export function afterCommit(book: ReleaseBook, accepted: CompiledEnvironment, id: string): ReleaseBook {
  const appOf = (name: string) => accepted.apps.find(({ app }) => app === name);
  return {
    ...book,
    spent: book.spent?.accepted === id ? book.spent : null,
    images: book.images.filter(({ app, over }) => appOf(app)?.image?.reference === (over ?? undefined)),
    pins: book.pins.filter((pin) => {
      const app = appOf(pin.app);
      return pin.instead === null || (app !== undefined && pinOf([pin], app, null) !== null);
    }),
  };
}
/** What ends by itself. The same book when nothing did. */
export function afterTime(book: ReleaseBook, now: Instant): ReleaseBook {
  const overrides = book.overrides.filter(({ until }) => until > now);
  const pause = book.pause !== null && book.pause.until <= now ? null : book.pause;
  return overrides.length === book.overrides.length && pause === book.pause ? book : { ...book, overrides, pause };
}
export const endsOf = ({ overrides, pause }: ReleaseBook): readonly Instant[] => [
  ...overrides.map(({ until }) => until),
  ...(pause === null ? [] : [pause.until]),
];
/** A person says: try it again. */
export const afterRetry = (book: ReleaseBook, app: string | null): ReleaseBook => ({
  ...book,
  spent: null,
  migrationPin: app === null ? null : book.migrationPin,
  pins: book.pins.filter((pin) => pin.instead !== null || (app !== null && pin.app !== app)),
});
/** Where apps must be while no release brings them forward. */
export const isGoingBack = ({ active }: ReleaseBook): boolean => active !== null && isBackward(active);
