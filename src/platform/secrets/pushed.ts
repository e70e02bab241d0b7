/** Values that come with a request only: `trimtab secrets sync` from CI or a laptop. None is held here. */
import { ok } from '#domain/result.ts';
import type { Origin } from './port.ts';

export const pushedOrigin: Origin<'pushed'> = {
  kind: 'pushed',
  cost: 'cheap',
  read: ({ name, scene }) => Promise.resolve(ok(scene.given.get(name) ?? null)),
};
