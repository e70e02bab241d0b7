/** From commander's arguments to a command with its context. Heavy parts are loaded by the command that needs them: `--version` must not wait
 *  for a database. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliContext, ExitCode } from '#cli/context.ts';
import type { Selection } from '#engine/operator.ts';
import type { Config } from '#src/config.ts';

const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
export const VERSION = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(`ended by ${name}`)));

let json = false;
/** `--output`, before any command runs. */
export const answerIn = (form: unknown): void => {
  json = form === 'json';
};
export interface Common {
  readonly app?: string;
  readonly environment?: string;
}
export interface Unlocked {
  readonly unlocked?: boolean;
}
export const UNLOCKED = 'without controller and database: go on where there is no machine to lock';
export const withLock = (context: CliContext, { unlocked = false }: Unlocked): CliContext => ({
  ...context,
  open: (only) => context.open(only, unlocked),
});
export const selection = (environment: string | undefined, { app }: Common): Selection => ({
  environment: environment ?? null,
  app: app ?? null,
});
/** Reads the configuration and gives the command its context. */
export function act<A extends readonly unknown[]>(run: (context: CliContext, config: Config, ...given: A) => Promise<ExitCode>) {
  return async (...given: A): Promise<void> => {
    const { readConfig } = await import('#src/config.ts');
    const config = readConfig(process.env, process.cwd());
    if (!config.ok) {
      process.stderr.write(`error: configuration\n${config.problems.map((problem) => `  ${problem}\n`).join('')}`);
      process.exitCode = 1;
      return;
    }
    const { makeContext } = await import('./context.ts');
    const context = makeContext(config.config, { version: VERSION, json, signal: stop.signal });
    process.exitCode = await run(context, config.config, ...given);
  };
}
export const commands = () => import('#cli/commands.ts');
