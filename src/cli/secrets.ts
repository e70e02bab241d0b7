/** `trimtab secrets status` and `trimtab secrets sync`. */

import type { SecretStatus } from '#domain/condition.ts';
import { isOutOfSync } from '#domain/secret-status.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { type Instant, instantToIso } from '#domain/units.ts';
import type { AppSecrets, AppSynced, GivenValues, Selection } from '#engine/operator.ts';
import { pc } from './colours.ts';
import { type CliContext, type ExitCode, type Opened, sayError, withOperator } from './context.ts';

type Variables = Readonly<Record<string, string | undefined>>;
export interface SyncOptions {
  readonly apply: boolean;
  /** Variables of this process stand for the controller's, too. */
  readonly fromHere: boolean;
  readonly limitS: number;
}
const print = (context: CliContext, value: unknown, text: () => string): void =>
  context.out(context.json ? `${JSON.stringify(value, null, 2)}\n` : text());

export function secretsStatus(context: CliContext, selection: Selection): Promise<ExitCode> {
  return withOperator(
    context,
    async ({ operator }) => {
      const looked = await operator.secrets(selection, context.signal);
      if (!looked.ok) return sayError(context, looked.error);
      print(context, looked.value, () => statusText(looked.value, context.clock.now()));
      if (looked.value.some(({ error }) => error !== null)) return 1;
      return looked.value.some(({ secrets }) => secrets.some(isOutOfSync)) ? 2 : 0;
    },
    selection.environment,
  );
}
const DAY_MS = 86_400_000;
function statusText(apps: readonly AppSecrets[], now: Instant): string {
  if (apps.length === 0) return 'no secret is declared\n';
  return `${apps.map((app) => appText(app, now)).join('\n')}`;
}
function appText({ environment, name, app, secrets, unknown, error }: AppSecrets, now: Instant): string {
  const title = `${pc.bold(`${environment}/${name}`)} ${pc.dim(app)}`;
  if (error !== null) return `${title}\n  ${pc.red(error)}\n`;
  const rows = secrets.map((secret) => [
    secret.name,
    secret.source,
    stateText(secret),
    machinesText(secret),
    ageText(secret.since, now),
    dueText(secret.rotationDue, now),
  ]);
  const heads = ['secret', 'source', 'state', 'machines', 'age', 'rotation due'];
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()}`;
  const problems = secrets.flatMap(({ problem }) => (problem === null ? [] : [pc.red(`  ${problem}`)]));
  const others = unknown.length === 0 ? [] : [pc.dim(`  on the platform, declared by nobody: ${unknown.join(', ')}`)];
  return `${[title, pc.dim(line(heads)), ...rows.map((row, at) => tint(secrets[at])(line(row))), ...problems, ...others].join('\n')}\n`;
}
const tint = (secret: SecretStatus | undefined): ((text: string) => string) =>
  secret !== undefined && isOutOfSync(secret) ? pc.yellow : (text) => text;
const stateText = (secret: SecretStatus): string =>
  secret.state === 'Missing' && !isOutOfSync(secret) ? 'optional, not set' : secret.state;
const machinesText = ({ machines, of }: SecretStatus): string => `${machines ?? '?'}/${of}`;
const ageText = (since: Instant | null, now: Instant): string =>
  since === null ? '-' : `${Math.max(0, Math.floor((now - since) / DAY_MS))}d`;
const dueText = (due: Instant | null, now: Instant): string =>
  due === null ? '-' : `${instantToIso(due).slice(0, 10)}${due <= now ? ' (overdue)' : ''}`;

export function secretsSync(context: CliContext, selection: Selection, variables: Variables, options: SyncOptions): Promise<ExitCode> {
  return withOperator(
    context,
    async (opened) => {
      const held = await holdAll(context, opened, selection);
      if (held !== null) return held;
      const looked = await opened.operator.secrets(selection, context.signal);
      if (!looked.ok) return sayError(context, looked.error);
      if (looked.value.length === 0) {
        context.err(`error: no app with secrets is chosen\n  name an environment and an app that declare some\n`);
        return 1;
      }
      const alone = new Set(looked.value.map(({ environment }) => environment)).size === 1;
      const values = valuesFor(looked.value, variables, alone, options.fromHere);
      const wish = { apply: options.apply, by: context.user, values };
      const synced = await opened.operator.syncSecrets(selection, wish, context.signal);
      if (!synced.ok) return sayError(context, synced.error);
      print(context, synced.value, () => syncedText(synced.value, options.apply));
      const code = codeOf(synced.value);
      return code === 0 && options.apply ? roll(context, opened, synced.value, options) : code;
    },
    selection.environment,
  );
}
/** Nobody else works there, and what is read from now on stays so. Null: go on. */
async function holdAll(context: CliContext, { operator, exclusive }: Opened, { environment }: Selection): Promise<ExitCode | null> {
  if (exclusive === null || exclusive === undefined) return null;
  const all = await operator.environments(context.signal);
  if (!all.ok) return sayError(context, all.error);
  for (const { name } of all.value.filter((one) => environment === null || one.name === environment)) {
    const held = await exclusive(name, context.signal);
    if (!held.ok) return sayError(context, held.error);
  }
  return null;
}
/** Bare names only for one environment: what was meant for staging must never reach production. */
function valuesFor(apps: readonly AppSecrets[], variables: Variables, alone: boolean, fromHere: boolean): GivenValues {
  return new Map(
    apps.map(({ app, secrets, variables: names }) => {
      const asked = secrets.filter(({ kind }) => kind === 'pushed' || (fromHere && kind === 'env'));
      return [
        app,
        new Map(
          asked.flatMap(({ name }): readonly [string, SecretValue][] => {
            const [prefixed = '', bare = ''] = names[name] ?? [];
            const value = variables[prefixed] || (alone ? variables[bare] : undefined);
            return value === undefined || value === '' ? [] : [[name, new SecretValue(value)]];
          }),
        ),
      ];
    }),
  );
}
const codeOf = (apps: readonly AppSynced[]): ExitCode =>
  apps.some(({ problems, error }) => problems.length > 0 || error !== null) ? 1 : apps.some(({ held }) => held.length > 0) ? 2 : 0;
function syncedText(apps: readonly AppSynced[], apply: boolean): string {
  const refused = apps.some(({ problems, error }) => problems.length > 0 || error !== null);
  const lines = apps.flatMap(({ environment, name, written, staged, problems, held, error }) => [
    `${pc.bold(`${environment}/${name}`)} ${refused ? '' : writtenText(written, staged, apply)}`,
    ...(error === null ? [] : [pc.red(`  ${error}`)]),
    ...problems.map(({ message, remedy }) => `${pc.red(`  ${message}`)}\n    ${remedy}`),
    ...held.map((text) => pc.magenta(`  held: ${text}`)),
  ]);
  return `${lines.join('\n')}\n${refused ? 'nothing was written\n' : ''}`;
}
function writtenText(written: readonly string[], staged: readonly string[], apply: boolean): string {
  const left = staged.filter((name) => !written.includes(name));
  const said = written.length === 0 ? 'nothing new' : `${apply ? 'set' : 'staged'} ${written.join(', ')}`;
  return left.length === 0 ? said : `${said}; staged before: ${left.join(', ')}`;
}
/** With a controller it goes on there by itself. */
async function roll(context: CliContext, { converge }: Opened, apps: readonly AppSynced[], { limitS }: SyncOptions): Promise<ExitCode> {
  if (converge === null) return 0;
  const chosen = new Set(apps.map(({ app }) => app));
  const result = await converge((app) => chosen.has(app), limitS, context.signal);
  return result === 'synced' ? 0 : result === 'held' ? 2 : 1;
}
