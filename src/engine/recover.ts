/** Before anything is planned: what became of calls that were cut off? Each open intent is looked up and closed as landed or absent. */

import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import type { AppMemory } from '#domain/memory.ts';
import type { Result } from '#domain/result.ts';
import { ok } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';
import type { Receipt } from '#kinds/kind.ts';
import { findStep, isRepeatable } from '#kinds/registry.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import { noteSecrets } from './app-secrets.ts';
import type { AppStoreDep, OpenIntent } from './ports.ts';
import type { AppTarget } from './target.ts';

/** A request that was cut off may still land: the longest deadline of a write (its four attempts included) and the lag of the platform's
 *  lists. Until then "not seen" is not "absent" for what would be made a second time; what may be repeated is planned again at once. */
export const LONGEST_FLIGHT = seconds(180);

export interface Recovered {
  readonly memory: AppMemory;
  /** Step keys that may still land: nothing is done about these subjects meanwhile. */
  readonly pending: ReadonlySet<string>;
  readonly landed: number;
}
export async function recover(
  deps: FlyDep & ClockDep & TellDep & AppStoreDep,
  target: AppTarget,
  memory: AppMemory,
  open: readonly OpenIntent[],
  signal: AbortSignal,
): Promise<Result<Recovered, TrimtabError>> {
  const place = { environment: target.environment.name, app: target.app.app };
  let after = memory;
  let landed = 0;
  const pending = new Set<string>();
  for (const intent of open) {
    const found = await findStep(deps, intent.step, intent.openedAt, signal);
    if (!found.ok) return found;
    const now = deps.clock.now();
    if (found.value === null && !isRepeatable(intent.step) && now - intent.openedAt < LONGEST_FLIGHT) {
      pending.add(intent.key);
      continue;
    }
    const end = found.value === null ? 'absent' : 'landed';
    if (intent.step.action.kind === 'secret' && found.value?.secrets !== undefined) {
      const noted = await noteSecrets(deps, target, intent.step.action, found.value.secrets, signal);
      if (!noted.ok) return noted;
    }
    const closed = await deps.store.closeIntent(intent.id, end, found.value?.id ?? '', now, signal);
    if (!closed.ok) return closed;
    if (found.value !== null) {
      after = noteReceipt(after, intent, found.value, target, now);
      landed += 1;
    }
    deps.tell({ type: 'IntentRecovered', ...place, key: intent.key, outcome: end });
  }
  return ok({ memory: after, pending, landed });
}

/** What a call brought that the next pass has to know. */
export function noteReceipt(
  memory: AppMemory,
  intent: Pick<OpenIntent, 'step'>,
  receipt: Receipt,
  target: Pick<AppTarget, 'revision'>,
  now: AppMemory['recent'][string],
): AppMemory {
  const { action } = intent.step;
  if (action.kind === 'machine-group' && action.verb === 'create') return { ...memory, recent: { ...memory.recent, [receipt.id]: now } };
  if (action.kind !== 'app') return memory;
  if (action.verb === 'open-release' && receipt.release !== undefined)
    return { ...memory, release: { ...receipt.release, revision: target.revision, openedAt: now } };
  if (action.verb !== 'close-release') return memory;
  const closed = memory.release;
  const lastRelease = action.status === 'complete' && closed !== null ? { id: closed.id, version: closed.version } : memory.lastRelease;
  return { ...memory, release: null, lastRelease };
}
