/** Digests of a revision's images, asked of the platform. What it does not know yet is asked again, later and later, while the revision waits: an
 *  image may be pushed after its commit. What runs already is not asked for: its tag may have moved since. */
import type { ClockDep } from '#domain/clock.ts';
import { type Compiled, revisionIdOf } from '#domain/compile.ts';
import { type ImageToResolve, imagesToResolve, withImages } from '#domain/compile-image.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { AppName, Digest } from '#domain/ids.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { after, type Instant, minutes, ms, seconds } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';

/** Null: images keep what they were resolved to (no platform at hand). */
export type FlyFor = ((environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>) | null;

const FIRST = seconds(15);
const LONGEST = minutes(30);
/** Of images that have no digest: which are asked for again, and when. */
export interface ImageRetries {
  isDue(environment: string): boolean;
  /** Nothing was made of it so far. */
  isYetToCome(environment: string, image: ImageToResolve): boolean;
  note(environment: string, isWhole: boolean): void;
}
export function makeImageRetries({ clock }: ClockDep, isYetToCome: ImageRetries['isYetToCome']): ImageRetries {
  const later = new Map<string, { readonly until: Instant; readonly tries: number }>();
  return {
    isYetToCome,
    isDue: (environment) => (later.get(environment)?.until ?? 0) <= clock.now(),
    note: (environment, isWhole) => {
      const tries = later.get(environment)?.tries ?? 0;
      if (isWhole) later.delete(environment);
      else later.set(environment, { until: after(clock.now(), ms(Math.min(FIRST * 2 ** tries, LONGEST))), tries: tries + 1 });
    },
  };
}

/** Asked once per new text; a registry that does not have it leaves the tag, and the machine will tell. */
export async function resolveImages(
  flyFor: FlyFor,
  compiled: Compiled,
  signal: AbortSignal,
  wanted: readonly ImageToResolve[] = imagesToResolve(compiled.document),
): Promise<Result<Compiled, TrimtabError>> {
  if (wanted.length === 0 || flyFor === null) return ok(compiled);
  const fly = flyFor(compiled.document);
  if (!fly.ok) return fly;
  const found = new Map<string, Digest | null>();
  for (const { app, reference } of wanted) {
    const image = await fly.value.resolveImage(app, reference, signal);
    // Before its first deploy an app does not exist, and the platform resolves images by app; a token without access is told by the app's passes.
    if (!image.ok && !TOLD_BY_PASSES.includes(image.error.code)) return image;
    found.set(`${app} ${reference}`, image.ok ? (image.value?.digest ?? null) : null);
  }
  const resolved = (app: AppName, reference: string): Digest | null => found.get(`${app} ${reference}`) ?? null;
  const document = withImages(compiled.document, resolved);
  return ok({ ...compiled, document, id: revisionIdOf(document) });
}
const TOLD_BY_PASSES: readonly string[] = ['FLY_NOT_FOUND', 'FLY_UNAUTHORIZED', 'FLY_FORBIDDEN'];

/** Of a source that is as it was: what had no digest may have one by now. What cannot be asked at this moment keeps what is. */
export async function resolveLate(
  { flyFor, retries }: { readonly flyFor: FlyFor; readonly retries?: ImageRetries },
  name: string,
  accepted: Compiled,
  signal: AbortSignal,
): Promise<Compiled> {
  if (flyFor === null || retries === undefined || !retries.isDue(name)) return accepted;
  const wanted = imagesToResolve(accepted.document).filter((image) => retries.isYetToCome(name, image));
  if (wanted.length === 0) return accepted;
  const late = await resolveImages(flyFor, accepted, signal, wanted);
  retries.note(name, late.ok && late.value.id !== accepted.id);
  return late.ok ? late.value : accepted;
}
