/** How the environments are, for people. */

import type { AppStatus } from '#domain/condition.ts';
import { problemText } from '#domain/problem.ts';
import { NOTICE_MS } from '#domain/secret-age.ts';
import { isOutOfSync } from '#domain/secret-status.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import { pc } from './colours.ts';
import { dollars } from './plan-text.ts';
import { heldLines, releaseLines } from './release-lines.ts';

export function statusText(environments: readonly EnvironmentAnswer[]): string {
  if (environments.length === 0) return 'no environment\n';
  return `${environments.flatMap(environmentLines).join('\n')}\n`;
}
function environmentLines(environment: EnvironmentAnswer): readonly string[] {
  const { name, organization, mode, accepted, lastGood, halted, problems, apps } = environment;
  const revision =
    accepted === null
      ? 'no revision'
      : `revision ${accepted.slice(0, 12)}${accepted === lastGood ? '' : ` (last good ${lastGood?.slice(0, 12) ?? 'none'})`}`;
  return [
    `${pc.bold(name)} ${pc.dim(`${organization ?? '-'} · ${mode ?? '-'} · ${revision}`)}`,
    ...(isWaiting(environment)
      ? [pc.yellow(`  revision ${accepted?.slice(0, 12)} waits for approval: \`trimtab plan ${name}\`, then \`trimtab apply ${name}\``)]
      : []),
    ...releaseLines(environment),
    ...(halted === null ? [] : [pc.red(`  writes are stopped: ${halted}`)]),
    ...problems.flatMap((problem) =>
      problemText(problem)
        .split('\n')
        .map((line) => pc.red(`  ${line}`)),
    ),
    ...apps.flatMap((app) => appLines(app, environment)),
  ];
}
/** A newer revision stands by, and no release of it has begun; what is said of the apps is about the approved one. */
const isWaiting = ({ mode, accepted, applied, release, apps }: EnvironmentAnswer): boolean =>
  mode === 'manual' &&
  accepted !== null &&
  accepted !== applied &&
  release === null &&
  apps.some(({ held }) => held.some(({ reason }) => reason === 'ApprovalRequired'));
const COLOUR: Readonly<Record<string, (text: string) => string>> = {
  Synced: pc.green,
  Healthy: pc.green,
  Suspended: pc.green,
  OutOfSync: pc.yellow,
  Progressing: pc.yellow,
};
const coloured = (word: string): string => (COLOUR[word] ?? pc.red)(word);
function appLines(app: AppStatus, environment: EnvironmentAnswer): readonly string[] {
  if (app.excluded === true) return [`  ${app.name.padEnd(12)} ${pc.dim('Excluded  left alone on purpose')}`];
  const rate = app.costLines.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0);
  const machines = app.groups.map(({ group, region, states, desiredMin, desiredMax, ready }) => {
    const total = Object.values(states).reduce((sum, count) => sum + count, 0);
    const wanted = desiredMin === desiredMax ? desiredMin : `${desiredMin}-${desiredMax}`;
    return `${group} ${region} ${total}/${wanted} (${ready} ready)`;
  });
  const head = `  ${app.name.padEnd(12)} ${coloured(app.sync)} ${coloured(app.health)}  ${machines.join(', ')}  ${pc.dim(`${dollars(rate)}/month`)}`;
  const drifts = app.drifts.map(({ subject, pointer, firstSeen, correctedAt }) => {
    const when = correctedAt === null ? 'not corrected before a person acts' : `corrected from ${new Date(correctedAt).toISOString()}`;
    return `    drift: ${subject} ${pointer} since ${new Date(firstSeen).toISOString()}, ${when}`;
  });
  const foreign = app.foreign.map((machine) => pc.dim(`    foreign machine, left alone: ${machine}`));
  return [head, ...heldLines(app, environment), ...drifts, ...secretLines(app), ...tagLines(app), ...foreign];
}
function tagLines({ name, environment, tagMoved }: AppStatus): readonly string[] {
  if (tagMoved === undefined) return [];
  const { reference, runs, pointsTo, since } = tagMoved;
  const found = `${reference} points to ${short(pointsTo)} since ${new Date(since).toISOString()}, ${short(runs)} goes on`;
  return [pc.yellow(`    ${found}: \`trimtab deploy ${environment} --image ${name}=${reference}\` follows it`)];
}
/** `sha256:` and twelve characters. */
const short = (digest: string): string => digest.slice(0, 19);
/** Those that are not as they should be, those that are due, and what nobody declares. */
function secretLines({ secrets = [], unknownSecrets = [], observedAt }: AppStatus): readonly string[] {
  const lines = secrets.flatMap((secret) => {
    const { name, state, machines, of, rotationDue, problem } = secret;
    const due = rotationDue !== null && observedAt !== null && rotationDue - observedAt < NOTICE_MS;
    if (!isOutOfSync(secret) && !due) return [];
    const on = machines === null ? '' : `, on ${machines}/${of} machines`;
    const rotate = rotationDue === null || !due ? '' : `, rotation due ${new Date(rotationDue).toISOString().slice(0, 10)}`;
    return [pc.yellow(`    secret ${name}: ${state}${on}${rotate}${problem === null ? '' : `: ${problem}`}`)];
  });
  const unknown = unknownSecrets.length === 0 ? [] : [pc.dim(`    secrets that nobody declares: ${unknownSecrets.join(', ')}`)];
  return [...lines, ...unknown];
}

/** Every word of design.md that a status may hold, explained where it stands. */
export function explainText(app: AppStatus): string {
  const conditions = app.conditions.map(
    ({ type, status, reason, message, since }) =>
      `  ${type.padEnd(12)} ${status.padEnd(7)} ${reason} since ${new Date(since).toISOString()}\n${message === '' ? '' : `      ${message}\n`}`,
  );
  const held = app.held.map(
    ({ reason, message, remedy, until }) =>
      `  held: ${reason}: ${message}${until === null ? '' : ` (until ${new Date(until).toISOString()})`}\n      what to do: ${remedy}\n`,
  );
  const pending = app.pending.map(({ why, cause }) => `  next: ${why} (${cause})\n`);
  const drifts = app.drifts.map(
    ({ subject, pointer, from, to, firstSeen }) =>
      `  drift: ${subject} ${pointer}: is ${JSON.stringify(from) ?? 'none'}, must be ${JSON.stringify(to) ?? 'none'}; first seen ${new Date(firstSeen).toISOString()}\n`,
  );
  return [
    `${pc.bold(app.name)} (${app.app}) in ${app.environment}: ${app.excluded === true ? pc.dim('Excluded') : `${coloured(app.sync)}, ${coloured(app.health)}`}\n`,
    `  revision ${app.attemptedRevision?.slice(0, 12) ?? 'none'} is wanted, ${app.appliedRevision?.slice(0, 12) ?? 'none'} was reached\n`,
    ...conditions,
    ...drifts,
    ...held,
    ...tagLines(app).map((line) => `${line.slice(2)}\n`),
    ...pending,
  ].join('');
}
