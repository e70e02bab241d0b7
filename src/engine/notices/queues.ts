/** What waits for each declared target: nothing is a figure, too. */
import { namedTargets } from '#domain/desired-notify.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { NoticeQueue } from '#platform/store/outbox-port.ts';
import { targetId } from './delivery.ts';

export interface TargetQueue {
  readonly environment: string;
  readonly target: string;
  readonly waiting: number;
  /** Null: nothing waits. */
  readonly oldestAt: number | null;
}
export const queuesOf = (environments: readonly CompiledEnvironment[], queue: readonly NoticeQueue[]): readonly TargetQueue[] =>
  environments.flatMap(({ name: environment, declared }) =>
    namedTargets(declared?.notify ?? []).map(({ name }) => {
      const found = queue.find(({ target }) => target === targetId(environment, name));
      return { environment, target: name, waiting: found?.waiting ?? 0, oldestAt: found?.oldestAt ?? null };
    }),
  );
