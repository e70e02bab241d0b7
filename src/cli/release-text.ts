/** Releases, for people. */

import type { Release, ReleasePhase, ReleaseReport } from '#domain/release.ts';
import type { History } from '#engine/release-operator.ts';
import { pc } from './colours.ts';

const COLOURS: Readonly<Partial<Record<ReleasePhase, (text: string) => string>>> = {
  complete: pc.green,
  failed: pc.red,
  stalled: pc.red,
  returning: pc.yellow,
  returnSmoke: pc.yellow,
  superseded: pc.dim,
};
export const phaseText = (phase: ReleasePhase): string => (COLOURS[phase] ?? pc.bold)(WORDS[phase]);
const WORDS: Readonly<Record<ReleasePhase, string>> = {
  preflight: 'preflight',
  approval: 'approval',
  migrations: 'migrations',
  apps: 'apps',
  smoke: 'smoke checks',
  returning: 'going back',
  returnSmoke: 'smoke checks of the way back',
  stalled: 'stalled',
  complete: 'complete',
  failed: 'failed',
  superseded: 'superseded',
};
const span = (from: number, to: number): string => `${Math.round((to - from) / 100) / 10} s`;
const short = (id: string | null): string => id?.slice(0, 12) ?? 'nothing';

export function historyText({ environment, releases, platform }: History): string {
  const lines = releases.flatMap(releaseLines);
  const listed = (platform ?? []).map(
    ({ version, status, image, user, at }) =>
      `  v${version} ${status.padEnd(11)} ${new Date(at).toISOString()} ${image ?? '-'} ${pc.dim(user ?? '')}`,
  );
  return [
    pc.bold(environment),
    ...(lines.length === 0 ? ['  no release yet'] : lines),
    ...(platform === null ? [] : [pc.bold('in the platform’s list'), ...listed]),
    '',
  ].join('\n');
}
function releaseLines(release: Release): readonly string[] {
  const { number, kind, phase, startedAt, endedAt, from, to, actor, changes, failure, message } = release;
  const apps = changes.map(({ name, parts }) => (parts.length === 0 ? name : `${name} (${parts.join(', ')})`)).join(', ');
  const took = endedAt === null ? 'under way' : span(startedAt, endedAt);
  return [
    `  #${number} ${phaseText(phase)} ${kind} ${new Date(startedAt).toISOString()} ${took}  ${short(from)} → ${short(to)}  ${pc.dim(actor)}  ${apps}`,
    ...(failure === null ? [] : [pc.red(`      ${failure.reason}: ${failure.message}`)]),
    ...(failure === null && message !== '' && endedAt === null ? [`      ${message}`] : []),
  ];
}
/** What came of each phase, each app and each check. */
export function releaseTable(release: Release): string {
  const rows: string[][] = [
    ...release.reports.flatMap((report) => reportRows(report)),
    ...release.changes.map(({ name, parts, state, message }) => [
      'app',
      name,
      state,
      [parts.join(', '), message].filter((text) => text !== '').join(': '),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) => `  ${row.map((cell, at) => (at < 3 ? cell.padEnd(widths[at] ?? 0) : cell)).join('  ')}`.trimEnd());
  const { failure, number, phase, startedAt, endedAt } = release;
  const head = `release #${number}: ${phaseText(phase)}${endedAt === null ? '' : ` after ${span(startedAt, endedAt)}`}`;
  return [head, ...table, ...(failure === null ? [] : [pc.red(`  ${failure.reason}: ${failure.message}`)]), ''].join('\n');
}
const reportRows = ({ phase, items }: ReleaseReport): readonly string[][] =>
  items.map(({ what, state, message, remedy }) => [
    phase,
    what,
    state,
    remedy === null || state === 'ok' ? message : `${message} (${remedy})`,
  ]);
