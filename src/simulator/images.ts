/** Images by name decide behaviour. The registry has every name that does not say `missing`, and of those what somebody pushed. */
import { createHash } from 'node:crypto';
import { parseReference } from '#domain/image.ts';
import type { ImageRow, World } from './world.ts';

export interface Behaviour {
  /** Factor on the time to boot. */
  readonly slowness: number;
  /** Exits with code 1 soon after each start. */
  readonly crashes: boolean;
  readonly outOfMemory: boolean;
  readonly failsChecks: boolean;
  /** Crashes with secrets that it refuses. */
  readonly picky: boolean;
}

/** Null: the registry does not have it. */
export function resolveImage(world: Pick<World, 'tags'>, text: string): ImageRow | null {
  const { registry, repository, tag, digest } = parseReference(text);
  const named = `${registry}/${repository}:${tag ?? ''}`;
  if (repository === '' || (/missing/.test(named) && !world.tags.has(named))) return null;
  return { registry, repository, tag: tag ?? '', digest: digest ?? world.tags.get(named) ?? digestOf(named) };
}
/** Pushes another image under the same tag. */
export function moveTag(world: Pick<World, 'tags'>, text: string, generation: string): string {
  const { registry, repository, tag } = parseReference(text);
  const named = `${registry}/${repository}:${tag ?? ''}`;
  const moved = digestOf(`${named}#${generation}`);
  world.tags.set(named, moved);
  return moved;
}
export function behaviourOf(image: ImageRow): Behaviour {
  const name = `${image.repository}:${image.tag}`;
  return {
    slowness: /slow/.test(name) ? 20 : 1,
    crashes: /crash|oom/.test(name),
    outOfMemory: /oom/.test(name),
    failsChecks: /failing|unhealthy/.test(name),
    picky: /picky/.test(name),
  };
}
export const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
