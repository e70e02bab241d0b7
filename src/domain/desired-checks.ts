/** What an environment stands on. Shapes of desired state. */
import { z } from 'zod';
import { Duration, FilePath } from './desired-scalars.ts';
import { Run } from './desired-smoke.ts';
import { SecretSource } from './desired-sources.ts';

const Migrations = z
  .strictObject({
    directory: FilePath.optional().describe(
      'Folder of numbered SQL files, relative to the root of the source; beside command: what the tool reads.',
    ),
    format: z.enum(['golang-migrate', 'goose', 'plain']).optional().describe('How the files are named and their history is kept.'),
    command: z.array(z.string()).min(1).optional().describe("The team's own tool instead of a folder: program and arguments."),
    run: Run.optional().describe('When a release runs them. Default whenChanged.'),
    timeout: Duration.optional().describe('Deadline of the whole phase. Default 30m.'),
    statementTimeout: Duration.optional().describe('Longest time of one statement. Default: the deadline alone.'),
    lockTimeout: Duration.optional().describe('How long a statement waits for a lock before it is tried again. Default 10s.'),
  })
  .refine(
    ({ directory, command }) => directory !== undefined || command !== undefined,
    'expected directory (with format), or command (with the directory whose content says when it has to run again)',
  )
  .refine(({ format, command }) => format === undefined || command === undefined, {
    error: 'expected no format beside command: the tool knows its own files',
    path: ['format'],
  });
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
