/** What a person asks of the messages: what waits and what became of them, and whether a target can be reached. */
import type { ClockDep } from '#domain/clock.ts';
import { kindOf, namedTargets, type TargetKind } from '#domain/desired-notify.ts';
import { failure } from '#domain/errors.ts';
import { aNotice } from '#domain/notices/words.ts';
import { err, ok } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { Answer } from '#engine/operator.ts';
import type { KeptNotice } from '#platform/store/outbox-port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Delivery } from './delivery.ts';
import { queuesOf, type TargetQueue } from './queues.ts';

export interface TestedTarget {
  readonly environment: string;
  readonly target: string;
  readonly kind: TargetKind;
  /** Null: it arrived; else why not. */
  readonly fault: string | null;
}
export interface NotificationsAnswer {
  readonly targets: readonly TargetQueue[];
  /** Newest first. */
  readonly messages: readonly KeptNotice[];
}
export interface NotifyDesk {
  notifications(environment: string | null, limit: number, signal: AbortSignal): Answer<NotificationsAnswer>;
  /** Sends a message that says it is a test, past the outbox. `target` null: to all. */
  notifyTest(environment: string | null, target: string | null, by: string, signal: AbortSignal): Answer<readonly TestedTarget[]>;
}
export interface NotifyDeskDeps extends StoreDep, ClockDep {
  readonly environments: () => readonly CompiledEnvironment[];
  readonly send: Delivery['send'];
}
export function makeNotifyDesk({ store, clock, environments, send }: NotifyDeskDeps): NotifyDesk {
  const chosen = (name: string | null) => environments().filter((one) => name === null || one.name === name);
  return {
    notifications: async (environment, limit, signal) => {
      const queue = await store.noticeQueue(signal);
      if (!queue.ok) return queue;
      const messages = await store.notices(environment, limit, signal);
      return messages.ok ? ok({ targets: queuesOf(chosen(environment), queue.value), messages: messages.value }) : messages;
    },
    notifyTest: async (environment, wanted, by, signal) => {
      const all = chosen(environment).flatMap((one) =>
        namedTargets(one.declared?.notify ?? []).map((target) => ({ environment: one, target })),
      );
      const targets = all.filter(({ target }) => wanted === null || target.name === wanted);
      if (targets.length === 0) {
        const known = all.map(({ environment: one, target }) => `${one.name}/${target.name}`).join(', ') || 'none';
        return err(failure('UNKNOWN_NAME', `no such target under notify; known: ${known}`));
      }
      const tested: TestedTarget[] = [];
      for (const { environment: one, target } of targets) {
        const now = clock.now();
        const id = `test/${one.name}/${target.name}/${now}`;
        const title = `${one.name}: a test by ${by}: this target is reached`;
        const sent = await send(one, target, aNotice({ id, occasion: 'test', environment: one.name, thread: id, title, at: now }), signal);
        tested.push({
          environment: one.name,
          target: target.name,
          kind: kindOf(target.target),
          fault: sent.ok ? null : sent.error.message,
        });
      }
      return ok(tested);
    },
  };
}
