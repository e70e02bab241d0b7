/** Smoke checks as people write them: what is asked, from where, and what a good answer looks like. Shapes of desired state. */
import { z } from 'zod';
import { Duration, ObjectName, VariableName } from './desired-scalars.ts';

export const Run = z.enum(['always', 'whenChanged', 'never']);
export type Run = z.infer<typeof Run>;

const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const Redirect = z.union(
  [
    z.string().min(1).describe('What the target must start with.'),
    z
      .strictObject({
        to: z.string().min(1).optional().describe('What the target must start with.'),
        issuer: z
          .string()
          .optional()
          .describe('OpenID issuer: the target must start with the authorization endpoint of its discovery document.'),
        query: z.record(z.string(), z.string()).optional().describe('Parameters of the target and the values they must have.'),
      })
      .refine(({ to, issuer }) => (to === undefined) !== (issuer === undefined), 'expected exactly one of to or issuer'),
  ],
  { error: 'expected text, or { to } or { issuer }, with query' },
);
/** Which key means something for which check is told by `compile-smoke.ts`, with a remedy. */
const Expect = z.strictObject({
  status: z.number().int().min(100).max(599).optional().describe('http: status of the answer. Default any 2xx; a 3xx is not followed.'),
  header: z
    .record(z.string().regex(HEADER, 'expected the name of a header'), z.string())
    .optional()
    .describe('http: headers and text they must contain.'),
  body: z.string().optional().describe('http: text the body must contain.'),
  json: z
    .record(z.string().regex(/^(?:\/[^/]*)*$/, 'expected a JSON pointer such as /status'), z.unknown())
    .optional()
    .describe('http: JSON pointers into the body and the values they must have.'),
  redirect: Redirect.optional().describe('http: where the answer must redirect to; that target is not asked.'),
  tlsDaysLeft: z.number().int().positive().optional().describe('http: days the certificate must still be valid.'),
  latency: Duration.optional().describe('Longest time until the answer.'),
  value: z
    .union([z.string(), z.number(), z.boolean()])
    .transform(String)
    .optional()
    .describe('sql: what the first column of the first row must be, as text.'),
  exitCode: z.number().int().min(0).max(255).optional().describe('exec: how the command must end. Default 0.'),
  output: z.string().optional().describe('exec: text the output must contain.'),
});
export type SmokeExpect = z.infer<typeof Expect>;

const Grpc = z.union(
  [
    z.string().describe('host:port'),
    z.strictObject({
      address: z.string().describe('host:port'),
      service: z.string().max(100).optional().describe('Service whose health is asked. Default: the whole server.'),
      tls: z.boolean().optional().describe('Over TLS, with a verified certificate. Default false.'),
    }),
  ],
  { error: 'expected host:port, or { address, service, tls }' },
);
export const SmokeCheck = z
  .strictObject({
    name: z.string().min(1).max(80).optional().describe('Shown in the table of results; what --check names.'),
    http: z.string().optional().describe('Address to get. Redirects are followed; // in its path counts as /.'),
    tcp: z.string().optional().describe('host:port that must accept a connection.'),
    grpc: Grpc.optional().describe('A standard gRPC health service (grpc.health.v1.Health).'),
    sql: z.string().min(1).optional().describe("Statement that must succeed on the environment's database, read-only."),
    exec: z
      .strictObject({
        app: ObjectName.describe('App of this folder, in a started machine of which it runs.'),
        command: z.array(z.string()).min(1).describe('Program and arguments. No shell.'),
      })
      .optional()
      .describe('Command inside a machine of an app.'),
    from: z
      .union([z.literal('controller'), z.strictObject({ app: ObjectName })], { error: 'expected controller, or { app: NAME }' })
      .optional()
      .describe('Where http, tcp and grpc are asked from: controller, or inside a started machine of an app. Default controller.'),
    expect: Expect.optional().describe('What a good answer looks like.'),
    requires: z
      .array(VariableName)
      .min(1)
      .optional()
      .describe('Variables without which the check is skipped; preflight names those that are unset.'),
    retries: z.number().int().min(0).max(100).optional().describe('How often it is tried again. Default 3.'),
    timeout: Duration.optional().describe('Deadline of the check, with its retries. Default 30s.'),
  })
  .refine(
    ({ http, tcp, grpc, sql, exec }) => [http, tcp, grpc, sql, exec].filter((one) => one !== undefined).length === 1,
    'expected exactly one of http, tcp, grpc, sql or exec',
  );
export type SmokeCheck = z.infer<typeof SmokeCheck>;
export const Smoke = z.strictObject({
  run: Run.optional().describe('When a release is followed by the checks. Default whenChanged.'),
  checks: z.array(SmokeCheck).describe('All must pass before a release counts as good.'),
});
