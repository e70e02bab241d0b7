/** Who tells people, put together: the ways there are, and what is looked at. */
import { randomBytes } from 'node:crypto';
import { weekMarkdown } from '#cli/week-text.ts';
import { makeRandom } from '#domain/random.ts';
import type { Accounts } from '#engine/accounts.ts';
import type { Controller } from '#engine/controller.ts';
import { makeNotices, type Notices, type NoticesDeps } from '#engine/notices/notices.ts';
import { realClock } from '#platform/clock.ts';
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
