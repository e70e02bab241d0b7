/** A drift as it is remembered and told: field, from, to, since when, and who, where the platform says it. Pure. */
import type { Drift, FieldDifference } from './change.ts';
import type { PlanContext } from './finding.ts';
import type { Json } from './json.ts';
import type { DriftRecord } from './memory.ts';
import { minutes } from './units.ts';

/** An event older than this does not explain a drift that was seen now. */
const ACTOR_WINDOW = minutes(10);
/** Long values (files, statics) are cut: a record is read by people. */
const LONGEST_TEXT = 200;

export function recordOf(drift: Drift, context: PlanContext): DriftRecord {
  const { kind, subject, field } = drift;
  return {
    at: context.now,
    kind,
    subject,
    pointer: field.pointer,
    field: field.group,
    from: valueText(field.from),
    to: valueText(field.to),
    actor: actorOf(drift, context),
  };
}
export function valueText(value: Json | undefined): string {
  const text = value === undefined || value === null ? '(none)' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
/** The newest sign the platform gives: a release of somebody else, or the event by which somebody changed the machine. What the host itself
 *  did says nothing about who wanted it. */
function actorOf(drift: Drift, { observed, now, memory }: PlanContext): string | null {
  const release = observed.currentRelease;
  const foreign = release !== null && release.id !== memory.release?.id && release.id !== memory.lastRelease?.id;
  const machine = observed.machines.find(({ name }) => name === drift.subject);
  const event = machine?.events.find(({ at, source }) => now - at < ACTOR_WINDOW && source !== 'flyd');
  const released = foreign && release.user !== null && now - release.createdAt < ACTOR_WINDOW;
  if (released && release.createdAt >= (event?.at ?? 0)) return `${release.user} (release v${release.version})`;
  return event === undefined ? null : `${event.source} (${event.type})`;
}

/** Names whose values are secrets by all likelihood, even where they should not stand. */
const SECRET_NAME = /(^|[_-])(key|secret|password|passwd|pwd|token|credentials?|private|dsn|auth)([_-]|$)|database_url/i;
const CREDENTIALS_IN_URL = /:\/\/[^/\s:@]*:[^/\s@]+@/;
const HIDDEN = '(hidden)';
/** What a machine holds in its env or files may be a secret that somebody put there: shown as changed, never shown. */
export function hideSecrets(field: FieldDifference): FieldDifference {
  if (field.group === 'files') return { ...field, from: hide(field.from), to: hide(field.to) };
  if (field.group !== 'env') return withoutCredentials(field);
  const name = field.pointer.split('/').at(-1) ?? '';
  if (SECRET_NAME.test(name)) return { ...field, from: hide(field.from), to: hide(field.to) };
  return withoutCredentials(field);
}
const hide = (value: Json | undefined): Json | undefined => (value === undefined ? undefined : HIDDEN);
const withoutCredentials = (field: FieldDifference): FieldDifference => ({ ...field, from: hideUrl(field.from), to: hideUrl(field.to) });
const hideUrl = (value: Json | undefined): Json | undefined =>
  value !== undefined && CREDENTIALS_IN_URL.test(typeof value === 'string' ? value : JSON.stringify(value)) ? HIDDEN : value;
