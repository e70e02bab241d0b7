/** What proves an environment: its database, its smoke checks, and who is told. Shapes of desired state. */
import { z } from 'zod';
import { Duration, FilePath, ObjectName, VariableName } from './desired-scalars.ts';
import { SecretSource } from './desired-sources.ts';

const Run = z.enum(['always', 'whenChanged', 'never']);
const Migrations = z
  .strictObject({
    directory: FilePath.optional().describe('Folder of numbered SQL files, relative to the root of the source.'),
    format: z.enum(['golang-migrate', 'goose', 'plain']).optional().describe('How the files are named and their history is kept.'),
    command: z.array(z.string()).min(1).optional().describe("The team's own tool instead of a folder: program and arguments."),
    run: Run.optional().describe('When a release runs them. Default whenChanged.'),
    timeout: Duration.optional().describe('Deadline of the whole phase.'),
  })
  .refine(
    ({ directory, command }) => (directory === undefined) !== (command === undefined),
    'expected either directory (with format) or command',
  );
export const Database = z.strictObject({
  neon: z
    .strictObject({
      project: z.string().min(1).describe("Neon's id of the project."),
      branch: z.string().min(1).optional().describe('Branch the environment stands on. Default main.'),
      role: z.string().min(1).optional().describe('Role whose password is taken.'),
      database: z.string().min(1).optional().describe('Name of the database.'),
    })
    .optional()
    .describe('The environment stands on Neon.'),
  url: z.strictObject({ from: SecretSource }).optional().describe('Connection of migrations and diagnosis.'),
  migrations: Migrations.optional().describe('Schema changes that a release applies.'),
});

const HttpExpect = z.strictObject({
  status: z.number().int().min(100).max(599).optional().describe('Status of the answer.'),
  header: z.record(z.string(), z.string()).optional().describe('Headers and text they must contain.'),
  body: z.string().optional().describe('Text the body must contain.'),
  json: z.record(z.string(), z.unknown()).optional().describe('JSON pointer and the value it must have.'),
  redirect: z.string().optional().describe('What the target of the redirect must start with.'),
  latency: Duration.optional().describe('Longest answer time.'),
  tlsDaysLeft: z.number().int().positive().optional().describe('Days the certificate must still be valid.'),
});
const SmokeCheck = z
  .strictObject({
    name: z.string().min(1).optional().describe('Shown in the table of results.'),
    http: z.string().min(1).optional().describe('Address to get.'),
    tcp: z.string().min(1).optional().describe('host:port that must accept a connection.'),
    grpc: z.string().min(1).optional().describe('host:port of a standard gRPC health service.'),
    sql: z.string().min(1).optional().describe("Statement that must succeed on the environment's database."),
    exec: z
      .strictObject({ app: ObjectName, command: z.array(z.string()).min(1) })
      .optional()
      .describe('Command inside a machine of an app.'),
    from: z
      .union([z.literal('controller'), z.strictObject({ app: ObjectName })])
      .optional()
      .describe('Where the check is made from. Default controller.'),
    expect: HttpExpect.optional().describe('What a good answer looks like.'),
    retries: z.number().int().min(0).max(100).optional().describe('How often it is tried again.'),
    timeout: Duration.optional().describe('Deadline of the check, with its retries.'),
  })
  .refine(
    ({ http, tcp, grpc, sql, exec }) => [http, tcp, grpc, sql, exec].filter((one) => one !== undefined).length === 1,
    'expected exactly one of http, tcp, grpc, sql or exec',
  );
export const Smoke = z.strictObject({
  run: Run.optional().describe('When a release is followed by the checks. Default whenChanged.'),
  checks: z.array(SmokeCheck).describe('All must pass before a release counts as good.'),
});

const FromEnvironment = z.strictObject({ env: VariableName });
const Occasion = z.enum([
  'releaseStarted',
  'releaseSucceeded',
  'releaseFailed',
  'driftDetected',
  'driftCorrected',
  'approvalNeeded',
  'held',
  'stalled',
  'rotationDue',
  'budgetWarning',
  'budgetCritical',
]);
export const Notification = z
  .strictObject({
    slack: z.strictObject({ webhook: FromEnvironment }).optional().describe('A Slack incoming webhook.'),
    webhook: z.strictObject({ url: FromEnvironment }).optional().describe('Any address that takes JSON.'),
    on: z.array(Occasion).min(1).describe('What is told.'),
  })
  .refine(({ slack, webhook }) => (slack === undefined) !== (webhook === undefined), 'expected exactly one of slack or webhook');
