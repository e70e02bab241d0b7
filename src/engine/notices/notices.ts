/** The whole of telling people: looks, and delivers what is due. */
import type { TrimtabError } from '#domain/errors.ts';
import type { Event } from '#domain/events.ts';
import type { Result } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';
import { every } from '#engine/every.ts';
import { makeRestorePoints, type RestorePoints } from '#engine/restore-points.ts';
import { type Delivery, type DeliveryDeps, makeDelivery } from './delivery.ts';
import { makeNoticeLook } from './look.ts';
import { makeRequests } from './requests.ts';
import { makeScenes, type ScenesDeps } from './scenes.ts';

export interface Notices extends Pick<Delivery, 'queue' | 'send'> {
  hear(event: Event): void;
  /** One request to the platform was answered, or was not. */
  noteRequest(code: string): void;
  /** Looks once: what comes after it is news. Null: all is well. */
  look(signal: AbortSignal): Promise<TrimtabError | null>;
  /** Looks once, and sends what is due. Null: all is well. */
  step(signal: AbortSignal): Promise<TrimtabError | null>;
  run(signal: AbortSignal): Promise<void>;
  readonly restorePoints: RestorePoints;
}
export type NoticesDeps = DeliveryDeps & Omit<ScenesDeps, 'restorePoints' | 'failing' | 'queue'>;
/** What is told arrives within twice this, and a little. */
const LOOK_EVERY = seconds(5);

export function makeNotices(deps: NoticesDeps): Notices {
  const requests = makeRequests(deps);
  const restorePoints = makeRestorePoints(deps);
  const delivery = makeDelivery(deps);
  const scenes = makeScenes({ ...deps, restorePoints, failing: requests.failing, queue: delivery.queue });
  const look = makeNoticeLook({ ...deps, sceneOf: scenes });
  const all = async (parts: readonly ((signal: AbortSignal) => Promise<Result<void, TrimtabError>>)[], signal: AbortSignal) => {
    for (const part of parts) {
      const done = await part(signal);
      if (!done.ok) return done.error;
    }
    return null;
  };
  const looks = [restorePoints.refresh, look.step];
  const step = (signal: AbortSignal): Promise<TrimtabError | null> => all([...looks, delivery.step], signal);
  return {
    hear: look.hear,
    noteRequest: requests.note,
    queue: delivery.queue,
    send: delivery.send,
    restorePoints,
    look: (signal) => all(looks, signal),
    step,
    // A store that is away is told by the controller itself; the next look finds everything.
    run: (signal) =>
      every(
        deps,
        () => LOOK_EVERY,
        async (within) => void (await step(within)),
        signal,
      ),
  };
}
