/** Whether the tag that git names points to another image by now. It is told and never followed: what was resolved goes on. */

import { parseReference } from '#domain/image.ts';
import type { AppMemory } from '#domain/memory.ts';
import { hours, instant } from '#domain/units.ts';
import type { PassDeps } from './pass-deps.ts';
import type { AppRuntime } from './runtime.ts';
import type { AppTarget } from './target.ts';

/** The registry is asked by the platform; apps take turns within the hour. */
const ASK_EVERY = hours(1);

export async function watchTag(
  deps: Pick<PassDeps, 'fly' | 'clock' | 'random' | 'tell'>,
  { app, environment, gone }: AppTarget,
  runtime: Pick<AppRuntime, 'tagDue'>,
  memory: AppMemory,
  signal: AbortSignal,
): Promise<AppMemory> {
  const { image } = app;
  const named = image === null ? null : parseReference(image.reference);
  if (image === null || image.digest === null || named?.digest !== null || gone || !app.enabled)
    return memory.tag === null ? memory : { ...memory, tag: null };
  const known = memory.tag?.reference === image.reference && memory.tag.digest !== image.digest ? memory.tag : null;
  const kept = known === memory.tag ? memory : { ...memory, tag: known };
  const now = deps.clock.now();
  if (runtime.tagDue === null) runtime.tagDue = instant(now + deps.random.fork(`tag ${app.app}`).integer(0, ASK_EVERY));
  if (now < runtime.tagDue) return kept;
  runtime.tagDue = instant(now + ASK_EVERY);
  const found = await deps.fly.resolveImage(app.app, image.reference, signal);
  // Not to be had at this moment, or not at all any more: what was known stays.
  if (!found.ok || found.value === null || found.value.digest === null || found.value.digest === kept.tag?.digest) return kept;
  if (found.value.digest === image.digest) return kept.tag === null ? kept : { ...kept, tag: null };
  const { digest } = found.value;
  deps.tell({
    type: 'ImageTagMoved',
    environment: environment.name,
    app: app.app,
    reference: image.reference,
    from: image.digest,
    to: digest,
  });
  return { ...kept, tag: { reference: image.reference, digest, since: now } };
}
