/** A status on the commit of a release, one per environment: it writes over itself, so that telling it twice changes nothing. */
import { failure } from '#domain/errors.ts';
import type { Notice } from '#domain/notices/words.ts';
import { err, ok } from '#domain/result.ts';
import { type CommitState, makeGitHub } from '#platform/github.ts';
import type { Sender } from './port.ts';
import type { Fetch } from './post.ts';

export interface CommitStatusDeps {
  readonly fetch: Fetch;
  readonly userAgent: string;
  /** `https://api.github.com`, or that of an Enterprise server. */
  readonly apiUrl: string;
}
const STATES: Readonly<Record<NonNullable<Notice['release']>['state'], CommitState>> = {
  pending: 'pending',
  success: 'success',
  failure: 'failure',
  superseded: 'error',
};
export function makeCommitStatusSender({ fetch, userAgent, apiUrl }: CommitStatusDeps): Sender {
  return {
    kind: 'github',
    send: async ({ notice }, { target: { github }, values }, signal) => {
      const token = values.get('token');
      const { release, environment, title, occasion } = notice;
      if (token === undefined || github === undefined) return err(failure('NOTIFY_REFUSED', 'GitHub: no token'));
      const client = makeGitHub({ apiUrl, repository: github.repository, token: token.reveal(), userAgent, fetch });
      const status = release === null ? null : { context: `trimtab/${environment}`, state: STATES[release.state], description: title };
      // A status stands on a commit: who only tries the way is told whether the repository is reached.
      if (occasion !== 'test' && (status === null || release?.commit == null)) return ok(null);
      const done = await (status === null || release?.commit == null
        ? client.reach(signal)
        : client.status(release.commit, status, signal));
      if (done.ok) return ok(null);
      const code = done.error.code === 'GITHUB_REFUSED' ? 'NOTIFY_REFUSED' : 'NOTIFY_UNAVAILABLE';
      return err({ ...done.error, code });
    },
  };
}
