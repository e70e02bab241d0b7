/** Commands about releases: deploy, approve, history, rollback, pause, override, retry. */

import { ENDED, type Release } from '#domain/release.ts';
import { type Ms, ms, seconds } from '#domain/units.ts';
import type { EnvironmentAnswer, Selection } from '#engine/operator.ts';
import type { History, OverrideRequest } from '#engine/release-operator.ts';
import type { WorkTree } from '#platform/source/work-tree.ts';
import { pc } from './colours.ts';
import { type CliContext, type ExitCode, type Opened, sayError, withOperator } from './context.ts';
import { historyText, phaseText, releaseTable } from './release-text.ts';
import { revertedText, revertIn } from './revert.ts';
import { statusText } from './status-text.ts';

const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());

export interface DeployOptions {
  /** Only if that is what would run. */
  readonly plan: string | null;
  /** App → image to run. */
  readonly images: ReadonlyMap<string, string>;
  readonly limitS: number;
}
/** Reads the source, lets through what waits for a person, and watches until it is live or back. */
export function deploy(context: CliContext, selection: Selection, options: DeployOptions): Promise<ExitCode> {
  const run = async (opened: Opened): Promise<ExitCode> => {
    const environment = await oneEnvironment(context, opened, selection);
    if (typeof environment !== 'string') return environment.exit;
    for (const [app, image] of options.images) {
      const chosen = await opened.operator.chooseImage({ environment, app, image, by: context.user }, context.signal);
      if (!chosen.ok) return sayError(context, chosen.error);
      context.err(pc.dim(`${app}: ${chosen.value.reference}${chosen.value.digest === null ? '' : ` (${chosen.value.digest})`}\n`));
    }
    const read = await opened.operator.refresh(context.signal);
    if (!read.ok) return sayError(context, read.error);
    const given = await opened.operator.approve({ environment, app: selection.app }, context.user, options.plan, context.signal);
    if (!given.ok) return sayError(context, given.error);
    return watchRelease(context, opened, environment, options.limitS);
  };
  return withOperator(context, run, selection.environment);
}
/** A person's word for what waits, without watching. */
export function approve(context: CliContext, selection: Selection, plan: string | null): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      const environment = await oneEnvironment(context, opened, selection);
      if (typeof environment !== 'string') return environment.exit;
      const given = await opened.operator.approve({ environment, app: selection.app }, context.user, plan, context.signal);
      if (!given.ok) return sayError(context, given.error);
      print(
        context,
        { environment, apps: given.value, by: context.user },
        () => `approved by ${context.user}: ${given.value.join(', ')}\n`,
      );
      return 0;
    },
    selection.environment,
  );
}
export function history(context: CliContext, selection: Selection, limit: number): Promise<ExitCode> {
  return withOperator(context, async (opened) => {
    const environments = await opened.operator.environments(context.signal);
    if (!environments.ok) return sayError(context, environments.error);
    const names = environments.value
      .map(({ name }) => name)
      .filter((name) => selection.environment === null || name === selection.environment);
    const all: History[] = [];
    for (const name of names) {
      const found = await opened.operator.history(name, selection.app, limit, context.signal);
      if (!found.ok) return sayError(context, found.error);
      all.push(found.value);
    }
    if (all.length === 0) context.err(`error: there is no environment ${selection.environment ?? ''}\n`);
    else print(context, all, () => all.map(historyText).join('\n'));
    return all.length === 0 ? 1 : 0;
  });
}
export interface RollbackOptions {
  readonly to: string | null;
  readonly reason: string;
  readonly limitS: number;
  /** Where git is made to say it, too; null: not asked for. */
  readonly tree: WorkTree | null;
}
export function rollback(context: CliContext, selection: Selection, { to, reason, limitS, tree }: RollbackOptions): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      const environment = await oneEnvironment(context, opened, selection);
      if (typeof environment !== 'string') return environment.exit;
      const asked = { environment, app: selection.app, to, reason, by: context.user };
      const back = await opened.operator.rollback(asked, context.signal);
      if (!back.ok) return sayError(context, back.error);
      context.err(`going back: ${back.value.apps.join(', ')}; git still says something else until it is reverted there\n`);
      const reverted = tree === null ? null : await revertIn(tree, environment, back.value, reason);
      if (reverted?.ok === true) context.err(revertedText(reverted.value));
      const watched = await watchRelease(context, opened, environment, limitS);
      return reverted?.ok === false ? sayError(context, reverted.error) : watched;
    },
    selection.environment,
  );
}
export const pause = (context: CliContext, environment: string, span: Ms, reason: string): Promise<ExitCode> =>
  word(context, environment, ({ operator }, asked) => operator.pause({ ...asked, span, reason }, context.signal), 'no release begins');
export const resume = (context: CliContext, environment: string): Promise<ExitCode> =>
  word(context, environment, ({ operator }, asked) => operator.resume(asked, context.signal), 'releases go on');
export const retry = (context: CliContext, environment: string, app: string | null): Promise<ExitCode> =>
  word(context, environment, ({ operator }, asked) => operator.retry({ ...asked, app }, context.signal), 'pins lifted; it is tried again');
export const override = (context: CliContext, environment: string, said: Omit<OverrideRequest, 'environment' | 'by'>): Promise<ExitCode> =>
  word(
    context,
    environment,
    ({ operator }, asked) => operator.override({ ...asked, ...said }, context.signal),
    `${said.app} is overridden for a while`,
  );
export const endOverride = (context: CliContext, environment: string, app: string): Promise<ExitCode> =>
  word(context, environment, ({ operator }, asked) => operator.endOverride({ ...asked, app }, context.signal), `${app} follows git again`);

function word(
  context: CliContext,
  environment: string,
  say: (opened: Opened, asked: { readonly environment: string; readonly by: string }) => ReturnType<Opened['operator']['refresh']>,
  done: string,
): Promise<ExitCode> {
  return withOperator(context, async (opened) => {
    const said = await say(opened, { environment, by: context.user });
    if (!said.ok) return sayError(context, said.error);
    print(context, { environment, done }, () => `${environment}: ${done}\n`);
    return 0;
  });
}
/** The one that is named, or the only one there is. */
async function oneEnvironment(
  context: CliContext,
  { operator }: Opened,
  { environment }: Selection,
): Promise<string | { readonly exit: ExitCode }> {
  const all = await operator.environments(context.signal);
  if (!all.ok) return { exit: sayError(context, all.error) };
  const names = all.value.map(({ name }) => name);
  const [only] = names;
  const chosen = environment ?? (names.length === 1 ? only : undefined);
  const found = all.value.find(({ name }) => name === chosen);
  if (found === undefined) {
    context.err(
      `error: ${chosen === undefined ? 'name the environment' : `there is no environment ${chosen}`}\n  known: ${names.join(', ') || 'none'}\n`,
    );
    return { exit: 1 };
  }
  if (found.accepted === null || found.problems.length > 0) {
    context.err(statusText([{ ...found, apps: [] }]));
    return { exit: 1 };
  }
  return found.name;
}

const LOOK_EVERY = ms(1_000);
/** Looks until the controller has taken up what was said. */
const FIRST_LOOKS = 4;
/** Phases as they come, a table at the end. 0 live, 1 failed or nothing in time, 2 waits for somebody. */
async function watchRelease(context: CliContext, opened: Opened, environment: string, limitS: number): Promise<ExitCode> {
  const stop = new AbortController();
  const working = opened.converge?.(() => true, limitS, AbortSignal.any([context.signal, stop.signal]));
  let rests = false;
  const rest = (): void => {
    rests = true;
  };
  void working?.then(rest, rest);
  const until = context.clock.now() + seconds(limitS);
  let said = '';
  let seen: Release | null = null;
  let answer: EnvironmentAnswer | null = null;
  for (let looks = 0; context.clock.now() < until && !context.signal.aborted; looks++) {
    const environments = await opened.operator.environments(context.signal);
    if (environments.ok) answer = environments.value.find(({ name }) => name === environment) ?? answer;
    const listed = await opened.operator.history(environment, null, 1, context.signal);
    const newest = listed.ok ? (listed.value.releases[0] ?? null) : null;
    if (newest !== null && (newest.accepted === answer?.accepted || !ENDED.includes(newest.phase))) seen = newest;
    const line = seen === null ? '' : `${phaseText(seen.phase)}${seen.message === '' ? '' : `: ${seen.message}`}`;
    if (line !== '' && line !== said) context.err(`#${seen?.number ?? 0} ${line}\n`);
    said = line;
    // What works in this process says itself when it is done, to the last line in the platform's list.
    if (working === undefined ? isOver(seen, answer, looks) : rests) break;
    await context.clock.sleep(LOOK_EVERY, context.signal).catch(() => undefined);
  }
  stop.abort(new Error('it is over'));
  await working?.catch(() => undefined);
  print(context, { environment, release: seen }, () => (seen === null ? `${environment}: nothing to release\n` : releaseTable(seen)));
  return exitOf(seen, answer);
}
function isOver(seen: Release | null, answer: EnvironmentAnswer | null, looks: number): boolean {
  if (looks < FIRST_LOOKS) return false;
  if (seen === null) return true;
  // What failed may be followed by a commit without it: the first answer is what was asked for.
  return ENDED.includes(seen.phase) || seen.phase === 'stalled' || (seen.hold !== null && answer?.release !== null);
}
function exitOf(seen: Release | null, answer: EnvironmentAnswer | null): ExitCode {
  if (seen === null) return answer?.apps.some(({ held }) => held.length > 0) ? 2 : 0;
  if (seen.phase === 'complete') return 0;
  return seen.hold === null || seen.hold === 'PreflightFailed' ? 1 : 2;
}
