/** A way to people: one file each. A sender says what the receiver said, and no value by itself: what the receiver
 *  says back of one is crossed out by whoever asked. It never waits longer than its signal. */
import type { Notification, TargetKind } from '#domain/desired-notify.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { Notice } from '#domain/notices/words.ts';
import type { Result } from '#domain/result.ts';
import type { SecretValue } from '#domain/secret-value.ts';

export interface Message {
  readonly notice: Notice;
  /** Own words of the target; null: the usual ones. */
  readonly template: string | null;
  /** What the receiver calls the first message of the thread; null: this is the first. */
  readonly reference: string | null;
}
export interface Destination {
  readonly target: Notification;
  /** By the names of `sourcesOf`. */
  readonly values: ReadonlyMap<string, SecretValue>;
}
/** What the receiver calls the message; null: it has no name for it. Fails: NOTIFY_REFUSED, NOTIFY_UNAVAILABLE. */
export type Delivered = Promise<Result<string | null, TrimtabError>>;
export interface Sender {
  readonly kind: TargetKind;
  send(message: Message, destination: Destination, signal: AbortSignal): Delivered;
}
