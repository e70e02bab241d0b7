/** Image references as people write them and as the platform tells them back. Images are compared by digest, never by text. */
import type { Digest } from './ids.ts';
import { digest } from './ids.ts';
import type { ObservedImage, ObservedMachine } from './observed.ts';
import type { CompiledImage } from './revision.ts';

export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: Digest | null;
}
const DEFAULT_REGISTRY = 'registry-1.docker.io';
const DOCKER_HUB: readonly string[] = ['docker.io', 'index.docker.io', DEFAULT_REGISTRY];

/** `nginx` → docker.io library/nginx:latest; a digest without a tag has no tag. */
export function parseReference(text: string): ImageReference {
  const [named = '', digestText] = text.split('@', 2);
  const slash = named.indexOf('/');
  const head = slash === -1 ? '' : named.slice(0, slash);
  const hasHost = head.includes('.') || head.includes(':') || head === 'localhost';
  const registry = hasHost ? head : DEFAULT_REGISTRY;
  const rest = hasHost ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? null : rest.slice(colon + 1);
  const hub = DOCKER_HUB.includes(registry);
  return {
    registry: hub ? DEFAULT_REGISTRY : registry,
    repository: hub && !path.includes('/') ? `library/${path}` : path,
    tag: tag ?? (digestText === undefined ? 'latest' : null),
    digest: digestText === undefined ? null : digest(digestText),
  };
}

/** `repo:tag@digest`: what a machine is written with, so that the tag stays readable and the digest decides. */
export function pinnedReference(image: CompiledImage): string {
  const parts = parseReference(image.reference);
  const known = image.digest ?? parts.digest;
  if (known === null || image.reference.includes('@')) return image.reference;
  return `${image.reference}@${known}`;
}
/** The reference that keeps exactly what runs. Null when the platform tells neither tag nor digest. */
export function runningReference(image: ObservedImage): string | null {
  if (image.repository === '' || (image.digest === undefined && image.tag === undefined)) return null;
  const tag = image.tag === undefined || image.tag === '' ? '' : `:${image.tag}`;
  return `${image.registry}/${image.repository}${tag}${image.digest === undefined ? '' : `@${image.digest}`}`;
}
export const imageText = (image: ObservedImage): string =>
  `${image.repository}${image.tag ? `:${image.tag}` : ''}${image.digest ? `@${image.digest.slice(0, 19)}` : ''}`;

/** Does this machine run the wanted image? By digest where both are known, else by name and tag. */
export function runsImage(machine: Pick<ObservedMachine, 'image'>, wanted: CompiledImage): boolean {
  const reference = parseReference(wanted.reference);
  const wantedDigest = wanted.digest ?? reference.digest;
  if (wantedDigest !== null && machine.image.digest !== undefined) return machine.image.digest === wantedDigest;
  const { registry, repository, tag } = machine.image;
  const observed = parseReference(`${registry}/${repository}${tag ? `:${tag}` : ''}`);
  return observed.registry === reference.registry && observed.repository === reference.repository && observed.tag === reference.tag;
}
