/** What `trimtab status` says of releases: the one under way and what it waits for, what is paused, pinned or overridden, each with the command
 *  that ends it. */

import type { AppStatus, Condition } from '#domain/condition.ts';
import type { Pin } from '#domain/pins.ts';
import type { Release } from '#domain/release.ts';
import { instantToIso } from '#domain/units.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import { pc } from './colours.ts';
import { phaseText } from './release-text.ts';

type Environment = Pick<EnvironmentAnswer, 'name' | 'release' | 'pause' | 'pins' | 'overrides' | 'apps'>;

export function releaseLines(environment: Environment): readonly string[] {
  const { name, release, pause } = environment;
  return [
    ...(release === null ? [] : [underWay(release), ...behind(release)]),
    ...(pause === null
      ? []
      : [
          pc.yellow(
            `  releases are paused until ${instantToIso(pause.until)} by ${pause.by}: ${pause.reason}; ${command('resume', name)} ends it`,
          ),
        ]),
  ];
}
const command = (words: string, ...names: readonly string[]): string => `\`trimtab ${[words, ...names].join(' ')}\``;
/** Number, phase, since when, and what it waits for. */
function underWay({ environment, number, kind, actor, phase, phaseSince, hold, message }: Release): string {
  const waits = hold === null ? undefined : WAITS_FOR[hold]?.(environment);
  const why = [message, waits].filter((text) => text !== undefined && text !== '').join('; ');
  const head = `  release #${number} (${kind} by ${actor}): ${phaseText(phase)} since ${instantToIso(phaseSince)}`;
  const line = why === '' ? head : `${head}: ${why}`;
  return hold === null && phase !== 'stalled' ? line : pc.yellow(line);
}
const plan = (environment: string): string => `${command('plan', environment)}, then ${command('apply', environment)}`;
/** By the reason of the hold: what ends it before its time. */
const WAITS_FOR: Readonly<Record<string, (environment: string) => string>> = {
  ApprovalRequired: plan,
  MassChange: plan,
  SyncWindow: (environment) => `${command('approve', environment)} opens it`,
  PreflightFailed: (environment) => `${command('preflight', environment)} shows everything; it is asked again by itself`,
  RevisionPinned: (environment) => `${command('release retry', environment)} lifts the pin`,
  Halted: (environment) => `${command('halt', environment, '--off')} ends it`,
};
/** Apps that are not there yet. */
const behind = ({ phase, changes }: Release): readonly string[] =>
  WORKS.includes(phase)
    ? changes
        .filter(({ state, message }) => state !== 'done' && message !== '')
        .map(({ name, state, message }) => pc.dim(`    ${name}: ${state}: ${message}`))
    : [];
const WORKS: readonly Release['phase'][] = ['apps', 'returning', 'stalled'];

/** Under an app: content that stays away, and what stands over git's word. A pin is told in place of the hold that it causes. */
export function heldLines(app: AppStatus, { name, pins, overrides }: Environment): readonly string[] {
  const pin = app.held.some(({ reason }) => reason === 'RevisionPinned') ? newest(pins, app.app) : null;
  const shown = app.conditions.filter(
    ({ type, reason, status }) => status === 'true' && SHOWN.includes(type) && (pin === null || reason !== 'RevisionPinned'),
  );
  return [
    ...(pin === null ? [] : [pinText(pin, app, name)]),
    ...shown.map((condition) => conditionText(condition, overrides.some((one) => one.app === app.app) ? endOf(name, app.name) : '')),
  ].map((line) => pc.yellow(`    ${line}`));
}
const SHOWN: readonly Condition['type'][] = ['Stalled', 'Held', 'Overridden'];
const endOf = (environment: string, app: string): string => `; ${command('override', environment, app, '--end')} ends it`;
const conditionText = ({ type, reason, message }: Condition, end: string): string =>
  type === 'Overridden' ? `${type}: ${message}${reason === 'Overridden' ? end : ''}` : `${type}: ${reason}: ${message}`;
const newest = (pins: readonly Pin[], app: string): Pin | null => pins.findLast((pin) => pin.app === app && pin.instead === null) ?? null;
function pinText({ image, changed, secrets, release, reason, at }: Pin, app: AppStatus, environment: string): string {
  const names = Object.keys(secrets);
  const parts = changed.map((part) => (part === 'image' ? `image ${image.split(' ')[0] ?? ''}` : part));
  const what = [...parts, ...(names.length === 0 ? [] : [`secrets ${names.join(', ')}`])].join(' and ');
  return `pinned since ${instantToIso(at)}: ${what} failed in release #${release ?? 0} (${reason}); ${command('release retry', environment, '--app', app.name)} lifts the pin`;
}
