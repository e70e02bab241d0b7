/** Digests of a revision's images. A tag is resolved once, when its text appears for this app; later revisions carry the digest over. */
import type { AppName, Digest } from './ids.ts';
import { parseReference } from './image.ts';
import type { CompiledEnvironment, CompiledImage } from './revision.ts';

/** The digest that is known for this text and app; null when it has to be asked for. */
export type ResolvedImages = (app: AppName, reference: string) => Digest | null;
export interface ImageToResolve {
  readonly app: AppName;
  readonly reference: string;
}

export const compileImage = (app: AppName, reference: string, resolved: ResolvedImages): CompiledImage => ({
  reference,
  digest: parseReference(reference).digest ?? resolved(app, reference),
});

/** What the last revision knew: the same text of the same app keeps its digest, whatever the tag points to now. */
export function carriedImages(previous: CompiledEnvironment | null): ResolvedImages {
  const known = new Map(
    (previous?.apps ?? []).flatMap(({ app, image }) => (image === null ? [] : [[key(app, image.reference), image.digest]])),
  );
  return (app, reference) => known.get(key(app, reference)) ?? null;
}
const key = (app: AppName, reference: string): string => `${app} ${reference}`;

/** Images without a digest, each once. */
export const imagesToResolve = (document: CompiledEnvironment): readonly ImageToResolve[] =>
  document.apps.flatMap(({ app, image }) => (image === null || image.digest !== null ? [] : [{ app, reference: image.reference }]));

/** The same document with the digests found since. */
export const withImages = (document: CompiledEnvironment, resolved: ResolvedImages): CompiledEnvironment => ({
  ...document,
  apps: document.apps.map((one) =>
    one.image === null || one.image.digest !== null ? one : { ...one, image: compileImage(one.app, one.image.reference, resolved) },
  ),
});
