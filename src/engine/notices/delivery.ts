/** Brings messages from the outbox to people: claimed, sent, and ended; or tried again later, and given up after the stated time. A message that was
 *  sent and not yet ended when the process died goes out once more with the same id. */
import type { ClockDep } from '#domain/clock.ts';
import { type NamedTarget, namedTargets, sourcesOf } from '#domain/desired-notify.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { ATTEMPT_MAY_TAKE, CLAIMED_FOR, GIVE_UP_AFTER, isGivenUp, waitAfter } from '#domain/notices/outbox.ts';
import { Notice } from '#domain/notices/words.ts';
import type { RandomDep } from '#domain/random.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import { after, days, elapsed, hours, type Instant, instant } from '#domain/units.ts';
import type { SecretReader } from '#engine/secret-reader.ts';
import type { Sender } from '#platform/notify/port.ts';
import type { ClaimedNotice, NoticeQueue } from '#platform/store/outbox-port.ts';
import type { StoreDep } from '#platform/store/port.ts';

export interface DeliveryDeps extends StoreDep, ClockDep, RandomDep, TellDep {
  readonly environments: () => readonly CompiledEnvironment[];
  readonly reader: Pick<SecretReader, 'sourceOf'>;
  readonly senders: readonly Sender[];
  readonly writer: string;
  readonly deadline: (span: number, signal: AbortSignal) => AbortSignal;
}
export interface Delivery {
  /** Sends what is due. */
  step(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** What waits, as of the last step. */
  queue(): readonly NoticeQueue[];
  /** One message past the outbox: a person looks on. */
  send(environment: CompiledEnvironment, target: NamedTarget, notice: Notice, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
}
/** As long as the same fact could be found again. */
const KEPT_FOR = days(30);
const FORGET_EVERY = hours(1);
/** One step ends: a queue that never empties must not keep the look from its turn. */
const MOST_ROUNDS = 50;

export function makeDelivery(deps: DeliveryDeps): Delivery {
  const { clock, store } = deps;
  let queue: readonly NoticeQueue[] = [];
  let forgotAt: Instant | null = null;
  /** A target that fails is left alone for as long as its message waits: a hundred messages are not a hundred attempts at a dead address. */
  const paused = new Map<string, Instant>();

  const forget = async (signal: AbortSignal): Promise<void> => {
    const now = clock.now();
    if (forgotAt !== null && elapsed(forgotAt, now) < FORGET_EVERY) return;
    forgotAt = now;
    await store.forgetNotices(now - KEPT_FOR, signal);
  };
  const except = (): readonly string[] => {
    const known = new Set<string>(deps.environments().map(({ name }) => name));
    // Another process may look after it; what nobody looks after any more is withdrawn in the end.
    const others = queue.flatMap(({ target, environment, oldestAt }) =>
      known.has(environment) || clock.now() - oldestAt >= GIVE_UP_AFTER ? [] : [target],
    );
    return [...others, ...[...paused].flatMap(([target, until]) => (until > clock.now() ? [target] : []))];
  };
  const look = async (signal: AbortSignal): Promise<Result<boolean, TrimtabError>> => {
    const waiting = await store.noticeQueue(signal);
    if (!waiting.ok) return waiting;
    queue = waiting.value;
    return ok(queue.length > 0);
  };
  return {
    queue: () => queue,
    step: async (signal) => {
      await forget(signal);
      const any = await look(signal);
      if (!any.ok) return any;
      if (!any.value) return ok(undefined);
      for (let round = 0; round < MOST_ROUNDS && !signal.aborted; round++) {
        const now = clock.now();
        const wish = { by: deps.writer, now, until: after(now, CLAIMED_FOR), except: except() };
        const claimed = await store.claimNotices(wish, signal);
        if (!claimed.ok) return claimed;
        if (claimed.value.length === 0) break;
        const ends = await Promise.all(claimed.value.map((row) => deliverOne(deps, paused, row, signal)));
        const lost = ends.find((end) => !end.ok);
        if (lost !== undefined && !lost.ok) return lost;
      }
      const left = await look(signal);
      return left.ok ? ok(undefined) : left;
    },
    send: async (environment, target, notice, signal) => {
      const sent = await attempt(deps, environment, target, { notice, reference: null }, signal);
      return sent.ok ? ok(undefined) : sent;
    },
  };
}
async function deliverOne(
  deps: DeliveryDeps,
  paused: Map<string, Instant>,
  row: ClaimedNotice,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const { clock, store, tell } = deps;
  const environment = deps.environments().find(({ name }) => name === row.environment);
  const named = namedTargets(environment?.declared?.notify ?? []).find(({ name }) => targetId(row.environment, name) === row.target);
  const notice = Notice.safeParse(row.notice);
  const said = {
    type: 'Notified',
    environment: row.environment,
    target: row.target.slice(row.environment.length + 1),
    occasion: notice.data?.occasion ?? 'unknown',
  } as const;
  const end = (result: 'sent' | 'dropped' | 'withdrawn', note: string, reference: string | null) => {
    tell({ ...said, result, message: note });
    return store.endNotice({ ...row, end: result, at: clock.now(), note, reference }, signal);
  };
  if (environment === undefined || named === undefined) return end('withdrawn', 'the target is no longer declared', null);
  if (!notice.success) return end('dropped', 'another build of trimtab wrote it', null);
  const sent = await attempt(deps, environment, named, { notice: notice.data, reference: row.reference }, signal);
  if (sent.ok) {
    paused.delete(row.target);
    return end('sent', '', row.reference === null ? sent.value : null);
  }
  const now = clock.now();
  const { message } = sent.error;
  if (isGivenUp(instant(row.at), named.target.giveUpAfter ?? GIVE_UP_AFTER, now)) return end('dropped', message, null);
  const wait = waitAfter({ attempts: row.attempts, retryAfter: sent.error.retryAfter ?? null, random: deps.random.next() });
  paused.set(row.target, after(now, wait));
  tell({ ...said, result: 'failed', message });
  return store.delayNotice({ id: row.id, target: row.target, by: deps.writer, nextAt: after(now, wait), note: message }, signal);
}
/** Of what a receiver answers: cut last, so that no half of a value is left over. */
const SAID = 300;
export const targetId = (environment: string, name: string): string => `${environment}/${name}`;

async function attempt(
  deps: DeliveryDeps,
  environment: CompiledEnvironment,
  { target }: NamedTarget,
  { notice, reference }: { readonly notice: Notice; readonly reference: string | null },
  signal: AbortSignal,
): Promise<Result<string | null, TrimtabError>> {
  const sender = deps.senders.find(({ kind }) => target[kind] !== undefined);
  if (sender === undefined) return err(failure('NOTIFY_REFUSED', 'this build has no way to such a target'));
  const within = deps.deadline(ATTEMPT_MAY_TAKE, signal);
  const values = await valuesOf(deps, environment, target, within);
  if (!values.ok) return values;
  const sent = await sender.send(
    { notice, template: target.templates?.[notice.occasion] ?? null, reference },
    { target, values: values.value },
    within,
  );
  if (sent.ok) return sent;
  // Whatever a receiver answers, no value of ours is in what is told of it.
  const secrets = [...values.value.values()].flatMap((value) => [...value.parts(), ...value.pieces()]);
  const message = secrets.reduce((text, value) => value.crossOut(text), sent.error.message);
  return err({ ...sent.error, message: message.slice(0, SAID) });
}
async function valuesOf(
  { reader }: DeliveryDeps,
  environment: CompiledEnvironment,
  target: NamedTarget['target'],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, SecretValue>, TrimtabError>> {
  const values = new Map<string, SecretValue>();
  for (const [name, source] of Object.entries(sourcesOf(target))) {
    const given = await reader.sourceOf(environment, name, source, signal);
    if (!given.ok) return err(failure('NOTIFY_REFUSED', `${name}: ${given.error.message}`));
    if (given.value === null || given.value.isEmpty) return err(failure('NOTIFY_REFUSED', `${name}: ${sourceText(source)} gives nothing`));
    values.set(name, given.value);
  }
  return ok(values);
}
const sourceText = (source: Parameters<SecretReader['sourceOf']>[2]): string =>
  source.env === undefined ? `its source (${Object.keys(source).join('')})` : source.env;
