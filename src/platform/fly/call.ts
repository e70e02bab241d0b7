/** One request to the platform, whichever of its APIs: its turn, its deadline, its retries, its failure as a value. */
import pRetry from 'p-retry';
import type { Clock } from '#domain/clock.ts';
import { type ErrorCode, failure, type TrimtabError } from '#domain/errors.ts';
import type { Random } from '#domain/random.ts';
import { Bug, err, ok, type Result } from '#domain/result.ts';
import { elapsed, type Ms, ms, seconds } from '#domain/units.ts';
import { type Attempted, type Broken, brokenToFailed, type Failed, type RawReply } from './errors.ts';
import type { Limits } from './limits.ts';
import type { Reply } from './port.ts';

export type Fetch = (request: Request) => Promise<Response>;

/** A request with its signal as it is. The standard's own makes a signal that follows it, by listeners that stay until they are collected. */
export class SignalledRequest extends Request {
  constructor(address: string | URL | Request, init: RequestInit = {}) {
    const { signal, ...rest } = init;
    super(address, rest);
    if (signal instanceof AbortSignal) Object.defineProperty(this, 'signal', { value: signal });
  }
}

/** How one of the platform's APIs is reached. */
export interface ApiOptions {
  readonly baseUrl: string;
  readonly authorization: string;
  readonly userAgent: string;
  readonly fetch: Fetch;
}
/** What one attempt was, for metrics and logs. */
export interface RequestSeen {
  readonly operation: string;
  readonly code: 'ok' | ErrorCode;
  readonly status: number | null;
  readonly duration: Ms;
}
export interface Wire {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly redact: (text: string) => string;
  readonly onRequest?: (seen: RequestSeen) => void;
}
export interface Call<T> extends Attempted {
  /** The rate limit's two keys: an action, and the machine or app it is about. */
  readonly action: string;
  readonly id: string;
  readonly deadline?: Ms;
  /** Sends and reads the whole answer. May throw. */
  send(signal: AbortSignal): Promise<RawReply>;
  judge(reply: RawReply): Result<T, Failed>;
}

/** The platform answers reads within a second and creates within ten; four times that is a sick platform. */
const DEADLINE = seconds(40);
/** Four attempts in all: what the platform's own client does. A longer outage is the engine's backoff. */
const RETRIES = 3;
const FIRST_DELAY_MS = 250;
/** A platform that asks for a longer pause gets it from the engine, not from a worker that sits and waits. */
const LONGEST_PAUSE = seconds(20);

export async function perform<T>(wire: Wire, call: Call<T>, signal: AbortSignal): Reply<T> {
  const once = async (): Promise<T> => {
    const result = await attempt(wire, call, signal);
    if (!result.ok) throw new AttemptFailed(result.error);
    return result.value;
  };
  try {
    // The pause is taken here and not by p-retry, whose timer is the real clock's.
    const value = await pRetry(once, {
      retries: RETRIES,
      minTimeout: 0,
      maxTimeout: 0,
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
        if (!(error instanceof AttemptFailed) || !error.failed.repeatable || retriesLeft === 0) throw error;
        const pause = pauseAfter(wire.random, attemptNumber, error.failed.error);
        if (pause > LONGEST_PAUSE) throw error;
        await wire.clock.sleep(pause, signal).catch(() => {
          throw error;
        });
      },
    });
    return ok(value);
  } catch (thrown) {
    if (!(thrown instanceof AttemptFailed)) throw thrown;
    const { error } = thrown.failed;
    return err({ ...error, message: wire.redact(error.message) });
  }
}

/** Carries a failed attempt through p-retry, which knows exceptions only. */
class AttemptFailed extends Error {
  readonly failed: Failed;
  constructor(failed: Failed) {
    super(failed.error.code);
    this.failed = failed;
  }
}

/** Doubling, with full jitter, so that many workers do not come back together. */
function pauseAfter(random: Random, attemptNumber: number, error: TrimtabError): Ms {
  const jittered = FIRST_DELAY_MS * 2 ** (attemptNumber - 1) * (0.5 + random.next());
  return ms(Math.max(jittered, error.retryAfter ?? 0));
}

async function attempt<T>(wire: Wire, call: Call<T>, signal: AbortSignal): Promise<Result<T, Failed>> {
  const turn = await wire.limits.take(call.action, call.id, signal);
  if (!turn.ok) return err({ error: turn.error, repeatable: false });
  if (signal.aborted) return err({ error: failure('FLY_CANCELLED', `${call.operation}: cancelled`), repeatable: false });
  const began = wire.clock.now();
  const sent = await sendInTime(wire.clock, call, signal);
  const result = sent.ok ? call.judge(sent.value) : sent;
  wire.onRequest?.({
    operation: call.operation,
    code: result.ok ? 'ok' : result.error.error.code,
    status: sent.ok ? sent.value.status : null,
    duration: elapsed(began, wire.clock.now()),
  });
  return result;
}

async function sendInTime<T>(clock: Clock, call: Call<T>, signal: AbortSignal): Promise<Result<RawReply, Failed>> {
  // Not `AbortSignal.any`: what it makes hangs on the caller's signal until it is collected, and a controller's signal lives for months.
  const ended = new AbortController();
  // A transport may not listen to its signal; the deadline holds all the same.
  const aborted = Promise.withResolvers<never>();
  const end = (): void => {
    ended.abort(signal.reason);
    aborted.reject(ended.signal.reason);
  };
  const disarm = clock.after(call.deadline ?? DEADLINE, end);
  signal.addEventListener('abort', end, { once: true });
  try {
    return ok(await Promise.race([call.send(ended.signal), aborted.promise]));
  } catch (thrown) {
    if (thrown instanceof Bug) throw thrown;
    const broken: Broken = signal.aborted ? 'cancelled' : ended.signal.aborted ? 'deadline' : 'connection';
    return err(brokenToFailed(call, broken, thrown));
  } finally {
    disarm();
    signal.removeEventListener('abort', end);
  }
}

/** Reads a response to its end. */
export async function responseToRaw(response: Response): Promise<RawReply> {
  return { ...responseToHead(response), text: await response.text() };
}
export const responseToHead = (response: Response): Omit<RawReply, 'text'> => ({
  status: response.status,
  requestId: response.headers.get('fly-request-id'),
  retryAfter: response.headers.get('retry-after'),
});
