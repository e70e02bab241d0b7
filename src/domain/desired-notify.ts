/** Who is told what, and where their addresses come from. Shapes of desired state. */
import { z } from 'zod';
import { Duration, ObjectName, VariableName } from './desired-scalars.ts';
import { SecretSource } from './desired-sources.ts';
import { unknownPlaceholders } from './notices/text.ts';
import { OCCASION_NAMES, type Occasion } from './notices/words.ts';

const Address = z
  .union(
    [
      z.strictObject({ env: VariableName.describe("A variable of the controller's process, with the environment's prefix first.") }),
      z.strictObject({ from: SecretSource.describe('Any source that a secret may have.') }),
    ],
    { error: 'expected { env: VARIABLE } or { from: { … } }' },
  )
  .transform((given): SecretSource => ('env' in given ? { env: given.env } : given.from));
const Slack = z
  .strictObject({
    webhook: Address.optional().describe('An incoming webhook: every message stands by itself.'),
    token: Address.optional().describe('Of a bot with chat:write: one thread per release or incident.'),
    channel: z
      .string()
      .regex(/^[CGD][A-Z0-9]{6,}$|^#[^\s#]+$/, 'expected a channel such as C0123456789 or #deploys')
      .optional()
      .describe('Where the bot writes.'),
  })
  .refine(
    ({ webhook, token, channel }) => (webhook === undefined) !== (token === undefined) && (token === undefined) === (channel === undefined),
    'expected webhook, or token and channel',
  );
const Webhook = z.strictObject({
  url: Address.describe('An address that takes JSON by POST.'),
  secret: Address.describe('What its messages are signed with (HMAC-SHA256): whsec_ and base64, or any text.'),
});
const Mail = z.strictObject({
  server: Address.describe('smtp://user:password@host:587 or smtps://…:465.'),
  from: z.email().describe('Sender.'),
  to: z.array(z.email()).min(1).describe('Receivers; owners with an address are added when it is critical.'),
});
const GitHub = z.strictObject({
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'expected owner/name')
    .describe('Where the commits are.'),
  token: Address.describe('With commit statuses: write.'),
});
const Templates = z.partialRecord(
  z.enum(OCCASION_NAMES),
  z
    .string()
    .min(1)
    .refine((text) => unknownPlaceholders(text).length === 0, {
      error: ({ input }) =>
        `unknown placeholder ${typeof input === 'string' ? unknownPlaceholders(input).join(', ') : ''}: see docs/notifications.md`,
    }),
);
const KINDS = ['slack', 'webhook', 'email', 'github'] as const;
export type TargetKind = (typeof KINDS)[number];
export const Notification = z
  .strictObject({
    name: ObjectName.optional().describe('How it is called in metrics and commands. Default: its kind.'),
    slack: Slack.optional().describe('A channel of Slack.'),
    webhook: Webhook.optional().describe('Any address that takes signed JSON.'),
    email: Mail.optional().describe('By SMTP.'),
    github: GitHub.optional().describe('A status on the commit of each release, one per environment.'),
    on: z
      .array(z.union([z.enum(OCCASION_NAMES), z.literal('all')]))
      .min(1)
      .optional()
      .describe('What is told. Default all; of github always the releases.'),
    templates: Templates.optional().describe('Own words per occasion, with placeholders in two braces.'),
    giveUpAfter: Duration.optional().describe('How long a message is tried. Default 3d.'),
  })
  .refine(
    (target) => KINDS.filter((kind) => target[kind] !== undefined).length === 1,
    'expected exactly one of slack, webhook, email or github',
  );
export type Notification = z.infer<typeof Notification>;

export const kindOf = (target: Notification): TargetKind => KINDS.find((kind) => target[kind] !== undefined) ?? 'webhook';
export interface NamedTarget {
  readonly name: string;
  readonly target: Notification;
}
/** Each with a name of its own: the second of a kind without one is `slack-2`. */
export function namedTargets(declared: readonly Notification[]): readonly NamedTarget[] {
  const taken = new Set(declared.flatMap(({ name }) => name ?? []));
  return declared.map((target) => {
    if (target.name !== undefined) return { name: target.name, target };
    const kind = kindOf(target);
    let [name, count] = [String(kind), 1];
    while (taken.has(name)) {
      count += 1;
      name = `${kind}-${count}`;
    }
    taken.add(name);
    return { name, target };
  });
}
const OF_RELEASES: readonly Occasion[] = [
  'releaseStarted',
  'approvalNeeded',
  'held',
  'releaseSucceeded',
  'releaseFailed',
  'releaseRolledBack',
  'releaseStalled',
  'releaseSuperseded',
];
export function wants({ target }: NamedTarget, occasion: Occasion): boolean {
  if (target.github !== undefined) return OF_RELEASES.includes(occasion);
  return target.on === undefined || target.on.some((one) => one === 'all' || one === occasion);
}
/** Every source that a target reads from. */
export function sourcesOf({ slack, webhook, email, github }: Notification): Readonly<Record<string, SecretSource>> {
  const all = {
    webhook: slack?.webhook,
    token: slack?.token ?? github?.token,
    url: webhook?.url,
    secret: webhook?.secret,
    server: email?.server,
  };
  return Object.fromEntries(Object.entries(all).flatMap(([name, source]) => (source === undefined ? [] : [[name, source]])));
}
