/** Where a secret's value comes from, and what must be true of it. The value itself is never here. */
import { z } from 'zod';
import { Duration, FilePath, VariableName } from './desired-scalars.ts';

const KeyInFile = z.strictObject({
  file: FilePath.describe('Path of the file, relative to the root of the source.'),
  key: z.string().min(1).optional().describe("Key in the file; the secret's own name when absent."),
});
const ExecSource = z.strictObject({
  command: z.array(z.string()).min(1).describe('Program and arguments; it prints JSON. No shell.'),
  key: z.string().min(1).optional().describe("Key in the printed JSON object; the secret's own name when absent."),
  timeout: Duration.optional().describe('How long the program may take, such as 20s.'),
});
const NeonSource = z.strictObject({
  pooled: z.boolean().optional().describe('The address of the pooler instead of the direct one.'),
});
export const SecretSource = z
  .strictObject({
    env: VariableName.optional().describe("A variable of the controller's process, with the environment's prefix first."),
    file: FilePath.optional().describe('A file holding the value alone, as orchestrators mount secrets.'),
    dotenv: KeyInFile.optional().describe('A dotenv file outside git.'),
    sops: KeyInFile.optional().describe('A file in git, encrypted with sops and age.'),
    exec: ExecSource.optional().describe("A program that prints the value: a secret manager's own command line."),
    value: z.string().optional().describe('The value itself, for what is not secret.'),
    pushed: z.strictObject({}).optional().describe('Only `trimtab secrets sync` brings the value; the controller holds none.'),
    neon: NeonSource.optional().describe("The connection string of the environment's Neon database."),
  })
  .refine((source) => Object.keys(source).length === 1, 'expected exactly one source: env, file, dotenv, sops, exec, value, pushed or neon')
  .meta({ minProperties: 1, maxProperties: 1 });
export type SecretSource = z.infer<typeof SecretSource>;

const SecretRules = z.strictObject({
  contain: z.string().min(1).optional().describe('Text that must be in the value.'),
  match: z.string().min(1).refine(isRegex, 'expected a regular expression').optional().describe('Regular expression the value must match.'),
  notContain: z.string().min(1).optional().describe('Text that must not be in the value.'),
});
function isRegex(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
export const SecretDeclaration = z.strictObject({
  from: SecretSource.describe('Where the value comes from.'),
  previous: SecretSource.optional().describe('Where the value before this one can be had, so that a release can go back.'),
  required: z.boolean().optional().describe('False: a release goes on without it. Default true.'),
  must: SecretRules.optional().describe('Checked before anything is written.'),
  rotateEvery: Duration.optional().describe('Rotation deadline, such as 90d: shown as due, never done unasked.'),
});
export type SecretDeclaration = z.infer<typeof SecretDeclaration>;
