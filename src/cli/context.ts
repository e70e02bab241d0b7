/** What every command is given. Chosen in compose; commands see no adapter. */
import type { Clock } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { remedyOf } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { Operator, Selection } from '#engine/operator.ts';

export interface Opened {
  readonly operator: Operator;
  /** Address of the controller that answers; null: this process is the engine for its duration. */
  readonly server: string | null;
  /** Passes until everything is Synced or waits; null with a server, which does so by itself. */
  readonly converge:
    | ((only: (app: string) => boolean, limitS: number, signal: AbortSignal) => Promise<'synced' | 'held' | 'failed'>)
    | null;
  /** How the chosen apps are, seen now; null with a server, which has seen them. */
  readonly look: ((selection: Selection, signal: AbortSignal) => Promise<void>) | null;
  /** Waits until no other run without state works on the environment, and keeps others out; null where something else does. */
  readonly exclusive?: ((environment: string, signal: AbortSignal) => Promise<Result<void, TrimtabError>>) | null;
  close(): Promise<void>;
}
export interface CliContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Who gives the commands: for audit rows. */
  readonly user: string;
  /** Colours, and words for people. */
  readonly terminal: boolean;
  readonly json: boolean;
  out(text: string): void;
  err(text: string): void;
  /** `only`: this environment alone; then bare variables count for it. `unlocked`: a run without any state goes on where it finds no machine to
   *  lock. */
  open(only?: string | null, unlocked?: boolean): Promise<Result<Opened, TrimtabError>>;
}
/** 0 nothing to do or done · 1 error · 2 changes, or something is held. */
export type ExitCode = 0 | 1 | 2;

export function sayError(context: CliContext, error: Pick<TrimtabError, 'code' | 'message'>): ExitCode {
  const remedy = remedyOf(error);
  if (context.json) context.out(`${JSON.stringify({ error: { ...error, remedy } })}\n`);
  else context.err(`error: ${error.message}\n  ${error.code}: ${remedy}\n`);
  return 1;
}
/** Opens, runs, closes, whatever happens between. */
export async function withOperator(
  context: CliContext,
  run: (opened: Opened) => Promise<ExitCode>,
  only: string | null = null,
): Promise<ExitCode> {
  const opened = await context.open(only);
  if (!opened.ok) return sayError(context, opened.error);
  try {
    return await run(opened.value);
  } finally {
    await opened.value.close();
  }
}
