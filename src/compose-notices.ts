/** Who tells people, put together: the ways there are, and what is looked at. */
import { randomBytes } from 'node:crypto';
import { weekMarkdown } from '#cli/week-text.ts';
import { makeRandom } from '#domain/random.ts';
import type { Accounts } from '#engine/accounts.ts';
import type { Controller } from '#engine/controller.ts';
import { type Heartbeat, type HeartbeatDeps, makeHeartbeat } from '#engine/heartbeat.ts';
import { makeNotices, type Notices, type NoticesDeps } from '#engine/notices/notices.ts';
import { realClock } from '#platform/clock.ts';
import { makeHeartbeatCall } from '#platform/heartbeat.ts';
import { makeCommitStatusSender } from '#platform/notify/commit-status.ts';
import { makeEmailSender } from '#platform/notify/email.ts';
import type { Sender } from '#platform/notify/port.ts';
import { makeSlackSender } from '#platform/notify/slack.ts';
import { makeWebhookSender } from '#platform/notify/webhook.ts';
import type { Config } from './config.ts';

export interface NoticesOptions extends Pick<NoticesDeps, 'store' | 'tell' | 'reader' | 'deadline'> {
  readonly config: Config;
  readonly version: string;
  readonly controller: Controller;
  readonly accounts: Accounts;
}
export function composeNotices(options: NoticesOptions): Notices {
  const { config, controller } = options;
  const seed = randomBytes(8).toString('hex');
  return makeNotices({
    ...options,
    clock: realClock,
    random: makeRandom(seed),
    writer: seed,
    environments: controller.environments.all,
    senders: sendersOf(config, options.version),
    timeZone: config.timeZone,
    weekLines: (record) => weekMarkdown(record, config.language).split('\n'),
  });
}
const sendersOf = (config: Config, version: string): readonly Sender[] => {
  const fetchIt = (request: Request): Promise<Response> => fetch(request);
  const web = { fetch: fetchIt, userAgent: `trimtab/${version}` };
  return [
    makeSlackSender(web),
    makeWebhookSender({ ...web, clock: realClock }),
    makeEmailSender(),
    makeCommitStatusSender({ ...web, apiUrl: config.variables['GITHUB_API_URL'] ?? 'https://api.github.com' }),
  ];
};

export interface HeartbeatOptions extends Pick<HeartbeatDeps, 'tell'> {
  readonly config: Config;
  readonly version: string;
  readonly controller: Controller;
}
/** Null: nobody waits for signs of life. */
export function composeHeartbeat({ config, version, controller, tell }: HeartbeatOptions, signal: AbortSignal): Heartbeat | null {
  if (config.heartbeatUrl === null) return null;
  const call = makeHeartbeatCall({ url: config.heartbeatUrl, userAgent: `trimtab/${version}`, fetch: (request) => fetch(request) });
  const organizations = (): readonly string[] => [...new Set(controller.environments.all().map(({ organization }) => organization))];
  const deadline = (span: number, within: AbortSignal): AbortSignal => AbortSignal.any([within, AbortSignal.timeout(span)]);
  return makeHeartbeat({ clock: realClock, tell, call, deadline, organizations, observations: controller.observations }, signal);
}
