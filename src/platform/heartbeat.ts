/** One call of the address that waits for signs of life. The address is a secret: whoever knows it can pretend that trimtab lives. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { codeOf } from './notify/post.ts';

export interface HeartbeatCallDeps {
  readonly url: string;
  readonly userAgent: string;
  readonly fetch: (request: Request) => Promise<Response>;
}
export const makeHeartbeatCall =
  ({ url, userAgent, fetch }: HeartbeatCallDeps) =>
  async (signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    try {
      const answer = await fetch(new Request(url, { headers: { 'user-agent': userAgent }, signal }));
      await answer.body?.cancel();
      return answer.ok
        ? ok(undefined)
        : err(failure('NOTIFY_UNAVAILABLE', `the address of TRIMTAB_HEARTBEAT_URL answered ${answer.status}`));
    } catch (thrown) {
      const why = signal.aborted ? ' in time' : `: ${codeOf(thrown)}`;
      return err(failure('NOTIFY_UNAVAILABLE', `the address of TRIMTAB_HEARTBEAT_URL does not answer${why}`));
    }
  };
