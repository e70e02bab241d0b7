/** GitHub's REST API: one comment of ours per pull request, kept up to date (a token with `pull-requests: write`), and statuses of commits
 *  (`statuses: write`). */
import pRetry, { AbortError } from 'p-retry';
import { z } from 'zod';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';

export interface GitHubOptions {
  /** `https://api.github.com`, or that of an Enterprise server. */
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly token: string;
  readonly userAgent: string;
  readonly fetch: (request: Request) => Promise<Response>;
}
export type Commented = 'made' | 'changed' | 'unchanged' | 'removed' | 'absent';
export type CommitState = 'error' | 'failure' | 'pending' | 'success';
export interface CommitStatus {
  /** The newest of a context stands. */
  readonly context: string;
  readonly state: CommitState;
  /** One line; a longer one is cut. */
  readonly description: string;
}
export interface GitHub {
  /** The one comment that carries `marker`; `text` null takes it away. Fails: GITHUB_REFUSED, GITHUB_UNAVAILABLE. */
  comment(pull: number, marker: string, text: string | null, signal: AbortSignal): Promise<Result<Commented, TrimtabError>>;
  /** Does the token reach the repository? Writes nothing. */
  reach(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Fails: GITHUB_REFUSED, GITHUB_UNAVAILABLE. */
  status(commit: string, status: CommitStatus, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
}
const PAGE = 100;
/** A pull request with more comments than these is no place to look for one of ours. */
const MOST_PAGES = 20;
const DEADLINE = seconds(20);
const RETRIES = 3;
/** GitHub refuses longer ones. */
const LONGEST_COMMENT = 65_000;
const LONGEST_DESCRIPTION = 140;
const Comments = z.array(z.object({ id: z.number(), body: z.string().nullable().default('') }));
type Comment = z.infer<typeof Comments>[number];

export function makeGitHub(options: GitHubOptions): GitHub {
  const call = makeCall(options);
  const root = `/repos/${options.repository}`;
  const find = async (pull: number, marker: string, signal: AbortSignal): Promise<Result<Comment | null, TrimtabError>> => {
    for (let page = 1; page <= MOST_PAGES; page++) {
      const listed = await call('GET', `${root}/issues/${pull}/comments?per_page=${PAGE}&page=${page}`, undefined, signal);
      if (!listed.ok) return listed;
      const comments = Comments.safeParse(listed.value);
      if (!comments.success) return err(failure('GITHUB_UNAVAILABLE', 'GitHub sent no list of comments'));
      const found = comments.data.find(({ body }) => body?.includes(marker));
      if (found !== undefined) return ok(found);
      if (comments.data.length < PAGE) break;
    }
    return ok(null);
  };
  return {
    comment: async (pull, marker, text, signal) => {
      const found = await find(pull, marker, signal);
      if (!found.ok) return found;
      const old = found.value;
      if (text === null) {
        if (old === null) return ok('absent');
        return done(await call('DELETE', `${root}/issues/comments/${old.id}`, undefined, signal), 'removed');
      }
      const body = cut(`${marker}\n${text}`);
      if (old === null) return done(await call('POST', `${root}/issues/${pull}/comments`, { body }, signal), 'made');
      if (old.body === body) return ok('unchanged');
      return done(await call('PATCH', `${root}/issues/comments/${old.id}`, { body }, signal), 'changed');
    },
    reach: async (signal) => {
      const seen = await call('GET', root, undefined, signal);
      return seen.ok ? ok(undefined) : seen;
    },
    status: async (commit, { context, state, description }, signal) => {
      const body = { context, state, description: description.replaceAll(/\s+/g, ' ').slice(0, LONGEST_DESCRIPTION) };
      const told = await call('POST', `${root}/statuses/${encodeURIComponent(commit)}`, body, signal);
      return told.ok ? ok(undefined) : told;
    },
  };
}
const done = (result: Result<unknown, TrimtabError>, what: Commented): Result<Commented, TrimtabError> => (result.ok ? ok(what) : result);
const cut = (text: string): string =>
  text.length <= LONGEST_COMMENT ? text : `${text.slice(0, LONGEST_COMMENT)}\n\n… cut: the whole plan is in the log of the job.\n`;

type Call = (method: string, path: string, body: unknown, signal: AbortSignal) => Promise<Result<unknown, TrimtabError>>;
class Refused extends Error {}

function makeCall({ apiUrl, token, userAgent, fetch }: GitHubOptions): Call {
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
    'user-agent': userAgent,
  };
  const attempt = async (method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const within = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]);
    const response = await fetch(new Request(`${apiUrl}${path}`, { method, headers, ...sent, signal: within }));
    const text = await response.text();
    if (response.status >= 500 || response.status === 429) throw new Error(`GitHub answered ${response.status}`);
    if (!response.ok) throw new AbortError(new Refused(`GitHub answered ${response.status} to ${method} ${path}: ${messageOf(text)}`));
    return text === '' ? null : JSON.parse(text);
  };
  return async (method, path, body, signal) => {
    try {
      // A comment that was made and whose answer was lost is found by its marker when this is run again.
      const retries = method === 'POST' ? 0 : RETRIES;
      return ok(await pRetry(() => attempt(method, path, body, signal), { retries, minTimeout: 500, randomize: true, signal }));
    } catch (thrown) {
      if (thrown instanceof Refused) return err(failure('GITHUB_REFUSED', thrown.message));
      return err(failure('GITHUB_UNAVAILABLE', thrown instanceof Error ? thrown.message : String(thrown)));
    }
  };
}
const Said = z.object({ message: z.string() });
function messageOf(text: string): string {
  try {
    return Said.parse(JSON.parse(text)).message;
  } catch {
    return text.slice(0, 200);
  }
}
