/** From what came over the wire to one of trimtab's errors. Pure.
 *  Ambiguity: a write that cannot be repeated and whose outcome is unknown is FLY_AMBIGUOUS, whatever the platform said. */
import { type ErrorCode, failure, type TrimtabError } from '#domain/errors.ts';
import { isJsonObject } from '#domain/json.ts';
import { type Ms, seconds } from '#domain/units.ts';

/** One answer, read to its end. */
export interface RawReply {
  readonly status: number;
  readonly text: string;
  readonly requestId: string | null;
  readonly retryAfter: string | null;
}
export interface Attempted {
  readonly operation: string;
  /** Repeating it changes nothing more. */
  readonly idempotent: boolean;
}
export interface Failed {
  readonly error: TrimtabError;
  /** The same request may be sent again: nothing happened, or nothing more can happen. */
  readonly repeatable: boolean;
}

/** Long enough for the platform's own texts, short enough for a condition. */
const LONGEST_TEXT = 300;

export function replyToFailed(attempted: Attempted, reply: RawReply): Failed {
  const { text, word } = bodyToText(reply.text);
  const code = statusToCode(reply.status, text.toLowerCase(), word);
  // 5xx and 408 may come after the commit; a refusal for lack of room is one of the few 503 that says it did not.
  const unknown = code === 'FLY_UNAVAILABLE' || code === 'FLY_TIMEOUT';
  const ambiguous = unknown && !attempted.idempotent;
  const retryAfter = secondsToMs(reply.retryAfter);
  const error = failure(ambiguous ? 'FLY_AMBIGUOUS' : code, `${attempted.operation}: ${reply.status}${text === '' ? '' : ` ${text}`}`, {
    status: reply.status,
    ...(reply.requestId === null ? {} : { requestId: reply.requestId }),
    ...(retryAfter === null ? {} : { retryAfter }),
  });
  return { error, repeatable: code === 'FLY_RATE_LIMITED' || (unknown && attempted.idempotent) };
}

function statusToCode(status: number, text: string, word: string | null): ErrorCode {
  if (word === 'insufficient_capacity' || NO_ROOM.some((sign) => text.includes(sign))) return 'FLY_NO_CAPACITY';
  if (word === 'name_taken' || text.includes('name has already been taken')) return 'FLY_NAME_TAKEN';
  if (text.includes('lease currently held by')) return 'FLY_LEASE_HELD';
  if (status >= 500) return 'FLY_UNAVAILABLE';
  return CODE_BY_STATUS[status] ?? 'FLY_INVALID';
}
/** Texts by which the platform says that this host takes nothing more (fly-behaviour.md §6.10). */
const NO_ROOM = ['could not reserve resource for machine', 'deploys to this host are temporarily disabled'] as const;
const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'FLY_UNAUTHORIZED',
  403: 'FLY_FORBIDDEN',
  404: 'FLY_NOT_FOUND',
  408: 'FLY_TIMEOUT',
  409: 'FLY_LEASE_HELD',
  412: 'FLY_PRECONDITION',
  429: 'FLY_RATE_LIMITED',
};

/** Why nothing, or nothing whole, came back. */
export type Broken = 'cancelled' | 'deadline' | 'connection';

export function brokenToFailed(attempted: Attempted, broken: Broken, thrown: unknown): Failed {
  if (broken === 'connection' && neverSent(thrown)) {
    return { error: failure('FLY_UNAVAILABLE', `${attempted.operation}: no connection (${causeOf(thrown)})`), repeatable: true };
  }
  const what = { cancelled: 'cancelled', deadline: 'no answer in time', connection: `connection lost (${causeOf(thrown)})` }[broken];
  const code = !attempted.idempotent ? 'FLY_AMBIGUOUS' : CODE_BY_BREAK[broken];
  return { error: failure(code, `${attempted.operation}: ${what}`), repeatable: attempted.idempotent && broken !== 'cancelled' };
}
const CODE_BY_BREAK = { cancelled: 'FLY_CANCELLED', deadline: 'FLY_TIMEOUT', connection: 'FLY_UNAVAILABLE' } as const satisfies Record<
  Broken,
  ErrorCode
>;

/** A success whose body cannot be read. A write that cannot be repeated did happen, but what it made is not known. */
export const unreadable = (attempted: Attempted, status: number, why: string): TrimtabError =>
  failure(attempted.idempotent ? 'FLY_BAD_REPLY' : 'FLY_AMBIGUOUS', `${attempted.operation}: unreadable reply: ${oneLine(why)}`, {
    status,
  });

/** The request never left: the name was not found or nobody listened. */
function neverSent(thrown: unknown): boolean {
  return NEVER_SENT.has(causeOf(thrown));
}
/** The code of a connection that was not made in time. */
export const CONNECT_TIMEOUT = 'CONNECT_TIMEOUT';
const NEVER_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', CONNECT_TIMEOUT]);

/** The code of the innermost error: fetch wraps the socket's own. Codes only: messages may hold addresses with credentials. */
function causeOf(thrown: unknown): string {
  let at: unknown = thrown;
  let code = 'unknown';
  // Causes nest two or three deep; the bound is against a cycle.
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    if ('code' in at && typeof at.code === 'string') code = at.code;
    at = at.cause;
  }
  return code;
}

function bodyToText(body: string): { readonly text: string; readonly word: string | null } {
  const parsed = parseOrNull(body);
  if (!isJsonObject(parsed)) return { text: oneLine(body), word: null };
  const said = [parsed['message'], parsed['error']].find((part) => typeof part === 'string' && part !== '');
  const word = typeof parsed['status'] === 'string' ? parsed['status'] : null;
  return { text: oneLine(typeof said === 'string' ? said : (word ?? '')), word };
}
function parseOrNull(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON is an answer too: a proxy's page, an empty body.
    return null;
  }
}
export const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_TEXT ? line : `${line.slice(0, LONGEST_TEXT)}…`;
};
/** Retry-After in seconds; its date form is not used by the platform. */
function secondsToMs(header: string | null): Ms | null {
  const count = header === null || header.trim() === '' ? Number.NaN : Number(header);
  return Number.isFinite(count) && count >= 0 ? seconds(count) : null;
}
