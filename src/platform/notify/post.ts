/** One POST, and what came of it, told without the address: an address of this kind is a secret. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type Ms, ms, seconds } from '#domain/units.ts';

export type Fetch = (request: Request) => Promise<Response>;
export interface Posted {
  readonly status: number;
  readonly text: string;
}
interface Post {
  readonly who: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
/** Nobody's answer is longer. Whoever tells of it cuts it shorter, after every value of ours was crossed out of it. */
const LONGEST_ANSWER = 4_000;

export async function post(fetch: Fetch, { who, url, headers, body }: Post, signal: AbortSignal): Promise<Result<Posted, TrimtabError>> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return err(failure('NOTIFY_REFUSED', `${who}: what its source gives is no http address`));
  let answer: Response;
  let text: string;
  try {
    // A redirect would carry the message, and its signature, to somebody else.
    answer = await fetch(new Request(url, { method: 'POST', headers, body, signal, redirect: 'manual' }));
    text = (await answer.text()).slice(0, LONGEST_ANSWER);
  } catch (thrown) {
    return err(failure('NOTIFY_UNAVAILABLE', `${who} does not answer${signal.aborted ? ' in time' : `: ${codeOf(thrown)}`}`));
  }
  if (answer.ok) return ok({ status: answer.status, text });
  const said = text.replaceAll(/\s+/g, ' ');
  const message = `${who} answered ${answer.status}${said === '' ? '' : `: ${said}`}`;
  const wait = retryAfterOf(answer.headers.get('retry-after'));
  const more = { status: answer.status, ...(wait === null ? {} : { retryAfter: wait }) };
  const passing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
  return err(failure(passing ? 'NOTIFY_UNAVAILABLE' : 'NOTIFY_REFUSED', message, more));
}
/** The code of the network's error; its text may hold the address. */
export function codeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : 'the connection failed';
}
const LONGEST_WAIT = seconds(3_600);
function retryAfterOf(header: string | null): Ms | null {
  const given = Number(header ?? '');
  return header === null || !Number.isFinite(given) || given <= 0 ? null : ms(Math.min(LONGEST_WAIT, given * 1_000));
}
