/** The kinds people write in `desired-state/`: Environment, App and Budget. Types, validation and the editor's JSON Schema come from here. */
import { z } from 'zod';
import { BudgetSpec } from './desired-budget.ts';
import { Database } from './desired-checks.ts';
import { Notification } from './desired-notify.ts';
import {
  Cron,
  Duration,
  EnvMap,
  EnvValue,
  FilePath,
  FlyAppName,
  GroupText,
  Hostname,
  ImageText,
  JsonPointer,
  MemoryMb,
  ObjectName,
  Organization,
  Region,
  TimeZone,
  VariableName,
} from './desired-scalars.ts';
import { Smoke } from './desired-smoke.ts';
import { SecretDeclaration } from './desired-sources.ts';
import type { Ms } from './units.ts';
import { isCron, windowFault } from './window.ts';

export const API_VERSION = 'trimtab.dev/v1alpha1';
/** More than the platform allows in one region of one app. */
export const MAX_MACHINES = 1_000;

const Count = z.number().int().min(0).max(MAX_MACHINES);
const MachineCount = z.union(
  [
    Count.describe('Exactly so many.'),
    z
      .strictObject({ min: Count.describe('Fewer is drift.'), max: Count.describe('More is drift.') })
      .refine(({ min, max }) => min <= max, { error: 'expected min to be at most max', path: ['min'] })
      .describe('Inside the range nothing is drift.'),
  ],
  { error: `expected a whole number from 0 to ${MAX_MACHINES}, or { min, max }` },
);

const Window = z
  .strictObject({
    allow: Cron.optional().describe('Start of a window outside of which it waits: five cron fields.'),
    deny: Cron.optional().describe('Start of a window inside of which it waits: five cron fields.'),
    duration: Duration.describe('Length of the window.'),
    timeZone: TimeZone.optional().describe('Default UTC.'),
    holds: z
      .array(z.enum(['releases', 'corrections']))
      .min(1)
      .optional()
      .describe('What waits. Default [releases].'),
  })
  .refine(({ allow, deny }) => (allow === undefined) !== (deny === undefined), 'expected exactly one of allow or deny')
  .refine((window) => faultOf(window) !== 'never-begins', 'expected a window that comes round: this date does not exist')
  .refine((window) => faultOf(window) !== 'never-ends', {
    error: 'expected a window that ends before it begins again: this one denies for ever',
    path: ['duration'],
  });
interface WindowText {
  readonly allow?: string | undefined;
  readonly deny?: string | undefined;
  readonly duration: Ms;
  readonly timeZone?: string | undefined;
}
function faultOf({ allow, deny, duration, timeZone = 'UTC' }: WindowText) {
  const cron = allow ?? deny ?? '';
  const readable = isCron(cron) && TimeZone.safeParse(timeZone).success;
  return readable ? windowFault({ kind: allow === undefined ? 'deny' : 'allow', cron, duration, timeZone }) : null;
}
export const SyncSpec = z.strictObject({
  mode: z
    .enum(['observe', 'manual', 'automatic'])
    .optional()
    .describe('observe: never writes · manual: a new revision waits for approval · automatic. Default observe.'),
  selfHeal: z
    .strictObject({
      enabled: z.boolean().optional().describe('Put back what was changed by hand. Default true.'),
      grace: Duration.optional().describe('Announced at once, corrected after this. Default 0s. The floor never waits.'),
    })
    .optional()
    .describe('What happens to drift.'),
  prune: z
    .strictObject({
      enabled: z.boolean().optional().describe('Destroy machines of what left git. Default false: shown only.'),
      maxDeletes: z.number().int().min(1).optional().describe('At most so many per pass. Default 3.'),
      holdFor: Duration.optional().describe('Not before this long after it left git. Default 24h.'),
      quarantine: z
        .boolean()
        .optional()
        .describe('Stop, cordon and mark at once what left git, whether or not it is destroyed later. Default false.'),
    })
    .optional()
    .describe('What happens to machines of what left git.'),
  windows: z.array(Window).optional().describe('When releases or corrections wait.'),
});
export type SyncSpec = z.infer<typeof SyncSpec>;

const Owner = z.strictObject({
  name: z.string().min(1).describe('As people know them.'),
  slack: z.string().min(1).optional().describe('Slack member id.'),
  email: z.email('expected an e-mail address').optional().describe('E-mail address.'),
});
const Credential = z.strictObject({ env: VariableName.describe('Variable that holds the token; with the prefix first.') });
const EnvironmentSpec = z.strictObject({
  organization: Organization.describe('Fly organization: its slug.'),
  protection: z.enum(['production', 'none']).optional().describe('none: last-machine and approval rules off. Default production.'),
  primaryRegion: Region.optional().describe('Region of apps that name none, neither here nor in fly.toml.'),
  owners: z.array(Owner).optional().describe('Told by name when it is critical.'),
  credentials: z
    .strictObject({ fly: Credential.optional().describe('Fly API token.'), neon: Credential.optional().describe('Neon API key.') })
    .optional()
    .describe('Which variables hold the tokens. Default FLY_API_TOKEN and NEON_API_KEY.'),
  envPrefix: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*_$/, 'expected an upper-case prefix that ends with _, such as PRODUCTION_')
    .optional()
    .describe('Prefix of variables of the process. Default: the upper-case name.'),
  variables: EnvMap.optional().describe('Not secret. Put into any string of this folder by a dollar sign and the name in braces.'),
  sync: SyncSpec.optional().describe('How and when the environment follows git.'),
  approval: z
    .strictObject({
      minApprovers: z.number().int().min(1).optional().describe('Different people. Default 1.'),
      notAuthor: z.boolean().optional().describe("The commit's author does not count."),
    })
    .optional()
    .describe('What an approval takes.'),
  database: Database.optional().describe('The database the apps stand on.'),
  smoke: Smoke.optional().describe('Checks that close a release.'),
  notify: z
    .array(Notification)
    .refine(
      (targets) => new Set(targets.map(({ name }) => name ?? Symbol())).size === targets.length,
      'expected a name of its own for each',
    )
    .optional()
    .describe('Who is told what.'),
});

const Vm = z.strictObject({
  size: z.string().min(1).optional().describe('Preset such as shared-cpu-1x or performance-2x.'),
  memory: MemoryMb.optional().describe('Such as 512mb or 2gb; a bare number is megabytes.'),
  cpus: z.number().int().positive().optional().describe('Instead of what the size says.'),
  cpuKind: z.enum(['shared', 'performance']).optional().describe('Instead of what the size says.'),
});
export type VmSpec = z.infer<typeof Vm>;
const Autostop = z.union([z.enum(['off', 'stop', 'suspend']), z.boolean().transform((on): 'stop' | 'off' => (on ? 'stop' : 'off'))], {
  error: 'expected off, stop or suspend',
});
const GroupSpec = z.strictObject({
  machines: z.record(Region, MachineCount).optional().describe('Per region, exact or { min, max }. Absent: the count is not managed.'),
  minMachinesRunning: Count.optional().describe('At least so many started in the primary region. Default: what fly.toml says.'),
  autostop: Autostop.optional().describe('What the proxy does with idle machines. Default: what fly.toml says.'),
  autostart: z.boolean().optional().describe('Does the proxy start machines for requests? Default: what fly.toml says.'),
  vm: Vm.optional().describe('Size of the machines. Default: what fly.toml says; without that the live size is kept.'),
  env: EnvMap.optional().describe("Added to fly.toml's [env] for this group."),
});
export type GroupSpec = z.infer<typeof GroupSpec>;
const AppSpec = z.strictObject({
  app: FlyAppName.describe("The Fly app's name."),
  config: FilePath.optional().describe(
    'Its fly.toml (or fly.json, fly.yaml), relative to the root of the source. A variable of the process may name one elsewhere: absolute, or from ~/.',
  ),
  image: ImageText.optional().describe('What runs. Absent: keep what runs.'),
  env: z.record(VariableName, EnvValue).optional().describe("Added to fly.toml's [env] for every group."),
  primaryRegion: Region.optional().describe('Instead of what fly.toml says.'),
  enabled: z.boolean().optional().describe('False: own machines are destroyed; volumes, addresses, certificates and secrets stay.'),
  excluded: z
    .union([z.boolean(), z.strictObject({ unless: VariableName.describe('Excluded, unless this variable of the process is true.') })], {
      error: 'expected true, false, or { unless: VARIABLE }',
    })
    .optional()
    .describe('True: not created, compared or touched; needs no file and no secrets.'),
  sync: SyncSpec.optional().describe("Overrides the environment's, key by key."),
  adopt: z.boolean().optional().describe('Take over, once, the machines that are there already. Default true.'),
  visibility: z.enum(['public', 'private']).optional().describe('public: 80/443 and an address · private: no public service or address.'),
  addresses: z
    .array(z.enum(['v4', 'v6', 'shared_v4', 'private_v6']))
    .optional()
    .describe('Addresses the app must have. Default for public: v6 and shared_v4.'),
  certificates: z.array(Hostname).optional().describe('Host names the app must have a certificate for.'),
  groups: z.record(GroupText, GroupSpec).optional().describe('Per process group of fly.toml.'),
  secrets: z.record(VariableName, SecretDeclaration).optional().describe('Names and sources; never values.'),
  unknownSecrets: z
    .enum(['report', 'ignore', 'prune'])
    .optional()
    .describe('Secrets on the platform that are not named here. Default report.'),
  rollout: z
    .strictObject({
      strategy: z.enum(['rolling', 'immediate']).optional().describe('Default: what fly.toml says, or rolling.'),
      maxUnavailable: z.number().positive().optional().describe('Below 1: share of a group; from 1: machines. Default 0.33.'),
      surge: z
        .union([z.literal('auto'), z.number().int().min(0)], { error: 'expected auto or a whole number' })
        .optional()
        .describe('auto: a group of one without a volume gets a second machine first. Default auto.'),
      waitTimeout: Duration.optional().describe('How long one machine may take. Default 5m.'),
    })
    .optional()
    .describe('How a change goes through the machines.'),
  dependsOn: z.array(ObjectName).optional().describe('Apps of this folder that are released before this one.'),
  ignoreDifferences: z
    .array(
      z.strictObject({
        group: GroupText.optional().describe('Default: every group.'),
        fields: z.array(JsonPointer).min(1).describe('JSON pointers into the machine config.'),
      }),
    )
    .optional()
    .describe('Fields whose live value is kept.'),
});

const Metadata = z.strictObject({
  name: ObjectName.describe('Name; what dependsOn and commands refer to.'),
  labels: z.record(z.string(), z.string()).optional().describe('For grouping in cost and views.'),
});
const document = <Kind extends string, Spec extends z.ZodType>(kind: Kind, spec: Spec) =>
  z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal(kind), metadata: Metadata, spec });
export const EnvironmentDocument = document('Environment', EnvironmentSpec);
export const AppDocument = document('App', AppSpec);
export const BudgetDocument = document('Budget', BudgetSpec);
export type EnvironmentDocument = z.infer<typeof EnvironmentDocument>;
export type AppDocument = z.infer<typeof AppDocument>;
export type BudgetDocument = z.infer<typeof BudgetDocument>;
export const KINDS = ['Environment', 'App', 'Budget'] as const;
export type KindName = (typeof KINDS)[number];
