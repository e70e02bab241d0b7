/** Pins: content that failed, or that a person went back from. It is not tried again while git asks for the same. Pure. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { CompiledApp, CompiledEnvironment } from './revision.ts';
import { isBoundToRevision } from './secret-picture.ts';
import { instant } from './units.ts';

/** What an app is made of, each part compared by itself. */
export interface AppContent {
  /** Reference and digest, the digest empty where the registry named none; empty: keep what runs. */
  readonly image: string;
  /** Hash over the machine configs. */
  readonly config: string;
  /** Hash over counts, regions, addresses, certificates, enabled. */
  readonly shape: string;
  /** Hash over the values of secrets that git itself gives, as they lie there. */
  readonly values: string;
}
export const CONTENT_PARTS = ['image', 'config', 'shape', 'values'] as const;
export type ContentPart = (typeof CONTENT_PARTS)[number];

export const Pin = z.object({
  app: z.string(),
  image: z.string(),
  config: z.string(),
  shape: z.string(),
  values: z.string().default(''),
  /** Which parts were new when it failed. */
  changed: z.array(z.enum(CONTENT_PARTS)),
  /** Keyed fingerprints of the secrets that were new when it failed, by name. */
  secrets: z.record(z.string(), z.string()).default({}),
  /** The revision whose content this app has instead; null: the last good one. */
  instead: z.string().nullable().default(null),
  /** Number of the release that failed; null: a person went back. */
  release: z.number().int().nullable(),
  by: z.string(),
  reason: z.string(),
  at: z.number().int().transform(instant),
});
export type Pin = z.infer<typeof Pin>;

const hashOf = (value: unknown): string =>
  createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')
    .slice(0, 24);

export function contentOf(app: CompiledApp): AppContent {
  const { enabled, groups, addresses, certificates, image } = app;
  return {
    image: image === null ? '' : `${image.reference} ${image.digest ?? ''}`,
    config: hashOf(groups.map(({ name, hash }) => [name, hash]).sort()),
    shape: hashOf({
      enabled,
      addresses,
      certificates,
      groups: groups.map(({ name, regions, elsewhere, minMachinesRunning, autostop, mount }) => ({
        name,
        regions,
        elsewhere: elsewhere ?? null,
        minMachinesRunning,
        autostop,
        mount,
      })),
    }),
    values: hashOf(boundValues(app)),
  };
}
const boundValues = ({ secrets = {}, sealed }: CompiledApp): unknown =>
  Object.entries(secrets)
    .filter(([, { from }]) => isBoundToRevision(from))
    .map(([name, { from }]) => [name, from.value ?? null, from.sops ?? null, sealed?.[from.sops?.file ?? ''] ?? null])
    .sort();
export const changedParts = (from: AppContent | null, to: AppContent): readonly ContentPart[] =>
  CONTENT_PARTS.filter((part) => from === null || !(part === 'image' ? isSameImage(from.image, to.image) : from[part] === to[part]));
/** By digest where both have one: the same tag may be another image by now. Git that names none keeps what runs. */
function isSameImage(a: string, b: string): boolean {
  if (b === '') return true;
  const [[referenceA = '', digestA = ''], [referenceB = '', digestB = '']] = [a.split(' '), b.split(' ')];
  return digestA !== '' && digestB !== '' ? digestA === digestB : referenceA === referenceB;
}

/** Is it written by releases at all? Who only observes is not, and what is excluded is not. */
export const takesPart = ({ excluded, sync }: Pick<CompiledApp, 'excluded' | 'sync'>): boolean => !excluded && sync.mode !== 'observe';
/** The app as this revision proved it; null: it was not there, or only looked at. */
export function provedIn(document: CompiledEnvironment | null, app: string): CompiledApp | null {
  const found = document?.apps.find((one) => one.app === app);
  return found !== undefined && takesPart(found) ? found : null;
}

/** The pin that holds this content back. A digest that failed stays held whatever else changes; a config that failed, with its digest; a count,
 *  with both; values of git, with all of it. What equals the last good content is never held. */
export function pinOf(pins: readonly Pin[], app: CompiledApp, good: CompiledApp | null): Pin | null {
  const content = contentOf(app);
  const pin = pins.find((one) => one.app === app.app && matches(one, content));
  if (pin === undefined) return null;
  const proved = good !== null && changedParts(contentOf(good), content).length === 0;
  return proved && pin.instead === null ? null : pin;
}
function matches(pin: Pin, content: AppContent): boolean {
  if (pin.changed.length === 0) return false;
  if (!isSameImage(pin.image, content.image)) return false;
  if (pin.changed.includes('image')) return true;
  if (pin.config !== content.config) return false;
  if (pin.changed.includes('config')) return true;
  return pin.shape === content.shape && (pin.changed.includes('shape') || pin.values === content.values);
}

/** Apps that depend on one of these, and on those in turn; these included. */
export function withDependents(document: CompiledEnvironment, apps: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Map(document.apps.map(({ app, name }) => [String(app), name]));
  const held = new Set(apps);
  for (let grown = true; grown; ) {
    const heldNames = new Set([...held].map((app) => names.get(app)));
    const more = document.apps.filter(({ app, dependsOn }) => !held.has(app) && dependsOn.some((name) => heldNames.has(name)));
    for (const { app } of more) held.add(app);
    grown = more.length > 0;
  }
  return held;
}
