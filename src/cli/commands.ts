/** The commands that ask a controller, or are one for their duration. One function each; they print and answer an exit code. */

import { isEnded } from '#domain/release.ts';
import { ms, seconds } from '#domain/units.ts';
import type { EnvironmentAnswer, Selection } from '#engine/operator.ts';
import { pc } from './colours.ts';
import { type CliContext, type ExitCode, type Opened, sayError, withOperator } from './context.ts';
import { type GitHubPlace, tellGitHub } from './github-plan.ts';
import { hasChanges, planMarkdown, planText } from './plan-text.ts';
import { explainText, statusText } from './status-text.ts';

const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());

export interface PlanForm {
  readonly markdown: boolean;
  /** Null: not in a workflow. */
  readonly github: GitHubPlace | null;
}
export function plan(context: CliContext, selection: Selection, { markdown, github }: PlanForm): Promise<ExitCode> {
  return withOperator(
    context,
    async ({ operator }) => {
      const known = await known404(context, { operator }, selection);
      if (known !== null) return known;
      const plans = await operator.plan(selection, context.signal);
      if (!plans.ok) return sayError(context, plans.error);
      print(context, plans.value, () => (markdown ? planMarkdown(plans.value) : planText(plans.value)));
      const told = github === null ? null : await tellGitHub(github, plans.value, context.signal);
      if (told?.ok === false) return sayError(context, told.error);
      if (plans.value.some(({ error }) => error !== null)) return 1;
      // A step of a workflow that finds changes has not failed.
      return github === null && plans.value.some(hasChanges) ? 2 : 0;
    },
    selection.environment,
  );
}
/** A name that git does not know is a mistake, not an empty answer. Null: go on. */
async function known404(context: CliContext, { operator }: Pick<Opened, 'operator'>, selection: Selection): Promise<ExitCode | null> {
  const environments = await operator.environments(context.signal);
  if (!environments.ok) return sayError(context, environments.error);
  const refused = environments.value.filter(({ problems, name }) => problems.length > 0 && (selection.environment ?? name) === name);
  if (refused.length > 0) context.err(statusText(refused.map((one) => ({ ...one, apps: [] }))));
  const found = environments.value.some(({ name }) => selection.environment === null || name === selection.environment);
  if (!found) {
    context.err(
      `error: there is no environment ${selection.environment ?? ''}\n  known: ${environments.value.map(({ name }) => name).join(', ') || 'none'}\n`,
    );
    return 1;
  }
  return refused.some(({ accepted }) => accepted === null) ? 1 : null;
}
export function status(context: CliContext, selection: Selection): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      await opened.look?.(selection, context.signal);
      const environments = await opened.operator.environments(context.signal);
      if (!environments.ok) return sayError(context, environments.error);
      const chosen = choose(environments.value, selection);
      print(context, chosen, () => statusText(chosen));
      return 0;
    },
    selection.environment,
  );
}
const choose = (environments: readonly EnvironmentAnswer[], { environment, app }: Selection): readonly EnvironmentAnswer[] =>
  environments
    .filter(({ name }) => environment === null || name === environment)
    .map((one) => ({ ...one, apps: one.apps.filter(({ name, app: fly }) => app === null || name === app || fly === app) }));

const LOOK_EVERY = ms(1_000);
/** Approves what waits, then watches until everything is as git says. */
export function apply(context: CliContext, selection: Selection, limitS: number): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      const known = await known404(context, opened, selection);
      if (known !== null) return known;
      // What a command says about git and its switches is newer than a controller's last poll.
      const read = opened.server === null ? null : await opened.operator.refresh(context.signal);
      if (read !== null && !read.ok) return sayError(context, read.error);
      const apps = await opened.operator.approve(selection, context.user, null, context.signal);
      if (!apps.ok) return sayError(context, apps.error);
      if (apps.value.length === 0) {
        context.err(`error: there is no app ${selection.app ?? ''}\n`);
        return 1;
      }
      context.err(pc.dim(`approved by ${context.user}: ${apps.value.join(', ')}\n`));
      const covered = new Set(apps.value);
      const result =
        opened.converge === null
          ? await watch(context, opened, covered, limitS)
          : await opened.converge((app) => covered.has(app), limitS, context.signal);
      const after = await opened.operator.environments(context.signal);
      if (after.ok) print(context, choose(after.value, selection), () => statusText(choose(after.value, selection)));
      return result === 'synced' ? 0 : result === 'held' ? 2 : 1;
    },
    selection.environment,
  );
}
/** One that waits on purpose is not waited for. */
const isUnderWay = (release: EnvironmentAnswer['release']): boolean =>
  release !== null && release !== undefined && release.hold === null && !isEnded(release);
async function watch(
  context: CliContext,
  opened: Opened,
  apps: ReadonlySet<string>,
  limitS: number,
): Promise<'synced' | 'held' | 'failed'> {
  const until = context.clock.now() + seconds(limitS);
  for (let looks = 0; context.clock.now() < until && !context.signal.aborted; looks++) {
    await context.clock.sleep(LOOK_EVERY, context.signal).catch(() => undefined);
    const environments = await opened.operator.environments(context.signal);
    if (!environments.ok) continue;
    const statuses = environments.value.flatMap((one) => one.apps).filter(({ app }) => apps.has(app));
    // What was approved is brought by a release: until it has ended, what is seen is what was before.
    const brings = environments.value.some((one) => one.apps.some(({ app }) => apps.has(app)) && isUnderWay(one.release));
    const is = (type: string) => statuses.filter(({ conditions }) => conditions.some((one) => one.type === type && one.status === 'true'));
    if (is('Ready').length + statuses.filter(({ excluded }) => excluded === true).length === apps.size && !brings) return 'synced';
    // A look or two until the controller has taken the approval up.
    if (looks < 3 || is('Reconciling').length > 0 || brings) continue;
    if (is('Stalled').length > 0) return 'failed';
    if (is('Held').length > 0) return 'held';
  }
  return 'failed';
}
export function explain(context: CliContext, selection: Selection): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      await opened.look?.(selection, context.signal);
      const environments = await opened.operator.environments(context.signal);
      if (!environments.ok) return sayError(context, environments.error);
      const apps = choose(environments.value, selection).flatMap((one) => one.apps);
      if (apps.length === 0) {
        context.err(
          `error: no app ${selection.app ?? ''} has been looked at\n  known: ${environments.value.flatMap((one) => one.apps.map(({ name }) => name)).join(', ') || 'none'}\n`,
        );
        return 1;
      }
      const audit = await opened.operator.audit(
        { environment: selection.environment, app: apps.length === 1 ? (apps[0]?.app ?? null) : null },
        10,
        context.signal,
      );
      const rows = audit.ok ? audit.value : [];
      print(context, { apps, audit: rows }, () => {
        const lately = rows.map(
          ({ at, what, from, to, why, result, actor }) =>
            `  ${new Date(at).toISOString()} ${what}${from === null && to === null ? '' : `: ${from ?? 'none'} → ${to ?? 'none'}`} (${why}; ${result}; by ${actor})\n`,
        );
        return `${apps.map(explainText).join('\n')}${lately.length === 0 ? '' : `\nLately:\n${lately.join('')}`}`;
      });
      return 0;
    },
    selection.environment,
  );
}
/** A misspelt name would stop nothing. Where no environment is known, a halt must work all the same. */
async function unknownScope(context: CliContext, operator: Opened['operator'], scope: string): Promise<ExitCode | null> {
  const environments = await operator.environments(context.signal);
  const names = environments.ok ? environments.value.map(({ name }) => name) : [];
  if (names.length === 0 || names.includes(scope)) return null;
  context.err(`error: there is no environment ${scope}\n  known: ${names.join(', ')}\n`);
  return 1;
}
export function halt(context: CliContext, scope: string, off: boolean, reason: string): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const unknown = scope === '*' ? null : await unknownScope(context, operator, scope);
    if (unknown !== null) return unknown;
    const done = off
      ? await operator.unhalt(scope, context.user, context.signal)
      : await operator.halt(scope, context.user, reason, context.signal);
    if (!done.ok) return sayError(context, done.error);
    const where = scope === '*' ? 'everywhere' : `in ${scope}`;
    print(context, { scope, halted: !off }, () =>
      off ? `writes are allowed again ${where}\n` : `all writes are stopped ${where}; \`trimtab halt --off\` ends it\n`,
    );
    return 0;
  });
}
export function eject(context: CliContext, selection: Selection): Promise<ExitCode> {
  return withOperator(
    context,
    async ({ operator, exclusive }) => {
      const held = selection.environment === null ? undefined : await exclusive?.(selection.environment, context.signal);
      if (held !== undefined && !held.ok) return sayError(context, held.error);
      const names = await operator.eject(selection, context.user, context.signal);
      if (!names.ok) return sayError(context, names.error);
      const stays =
        (exclusive ?? null) === null
          ? 'writes to this environment are stopped'
          : 'nothing here remembers that: take the environment out of git';
      print(
        context,
        names.value,
        () =>
          `stamps taken off ${names.value.length} machines, none restarted: ${names.value.join(', ')}\n${stays}; the platform's own CLI goes on from here\n`,
      );
      return 0;
    },
    selection.environment,
  );
}
