/** Log lines from events: JSON where no terminal looks on, readable lines where one does, nothing at all while nothing happens. */
import type { Event } from '#domain/events.ts';

export type Level = 'info' | 'warn' | 'error';
export interface Line {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | null>>;
}
/** Null: not worth a line. */
export function eventToLine(event: Event): Line | null {
  switch (event.type) {
    case 'ControllerStarted':
      return info(`trimtab ${event.version} started`, {});
    case 'ControllerStopped':
      return info('stopped', {});
    case 'RevisionAccepted':
      return info(`revision ${event.revision.slice(0, 12)} accepted`, {
        environment: event.environment,
        apps: event.apps,
        commit: event.commit,
      });
    case 'RevisionRefused':
      return line('error', refusedText(event), { environment: event.environment, problems: event.problems.length });
    case 'SourceFailed':
      return line('error', `desired state cannot be read: ${event.message}`, { code: event.code });
    case 'SourceRewritten':
      return line('warn', 'the branch was rewritten: the commit that was read before is no longer in it', {
        environment: event.environment,
        commit: event.commit,
      });
    case 'AppAdopted':
      return info(`took over ${event.machines} machines without a restart`, of(event));
    case 'ImageTagMoved':
      return line('warn', `${event.reference} points to ${event.to} by now; ${event.from} goes on`, of(event));
    case 'DriftSeen':
      return line(
        'warn',
        `drift: ${event.drift.subject} ${event.drift.pointer}: ${event.drift.to} → ${event.drift.from}${whoText(event.drift.actor)}; ${whenText(event.correctAt, event.keep)}`,
        of(event),
      );
    case 'DriftCorrected':
      return info(`corrected: ${event.drift.subject} ${event.drift.pointer} is ${event.drift.to} again`, {
        ...of(event),
        seconds: event.after / 1_000,
      });
    case 'DriftGone':
      return info(`drift went away by itself: ${event.drift.subject} ${event.drift.pointer}`, of(event));
    case 'StepFinished':
      if (event.result === 'landed') return info(event.why, { ...of(event), seconds: event.took / 1_000 });
      return line(event.result === 'ambiguous' ? 'warn' : 'error', `${event.why}: ${event.result}: ${event.message}`, {
        ...of(event),
        code: event.code,
      });
    case 'IntentRecovered':
      return info(`a call that was cut off has ${event.outcome === 'landed' ? 'landed' : 'not happened'}: ${event.key}`, of(event));
    case 'HoldBegan':
      return QUIET.includes(event.reason) ? null : line('warn', `held (${event.reason}): ${event.message}. ${event.remedy}`, of(event));
    case 'GuardRefused':
      return line('error', `the guard refused: ${event.rule}: ${event.message}`, of(event));
    case 'AppStalled':
      return line('error', `${event.message}. ${event.remedy}`, { ...of(event), code: event.code });
    case 'AppStatusChanged': {
      const { previous, status } = event;
      if (status.excluded === true) return info('excluded: left alone on purpose', of(event));
      if (previous !== null && previous.sync === status.sync && previous.health === status.health) return null;
      return info(`${status.sync}, ${status.health}`, of(event));
    }
    case 'EnvironmentSynced':
      return info(`everything is as revision ${event.revision.slice(0, 12)} says`, {
        environment: event.environment,
        seconds: event.took / 1_000,
      });
    case 'ReleaseStarted':
      return info(`release ${event.number} (${event.kind}) of ${event.apps.join(', ')} by ${event.actor}`, {
        environment: event.environment,
        from: event.from,
        to: event.to,
      });
    case 'ReleasePhase':
      if (event.hold === null && event.message === '') return null;
      return info(`release ${event.number}: ${event.phase}${event.hold === null ? '' : ` (${event.hold})`}: ${event.message}`, {
        environment: event.environment,
      });
    case 'ReleaseFailing':
      return line('error', `release ${event.number} fails: ${event.reason}: ${event.message}`, { environment: event.environment });
    case 'ReleaseEnded':
      return line(event.result === 'failed' ? 'error' : 'info', `release ${event.number} ${event.result}`, {
        environment: event.environment,
        seconds: event.took / 1_000,
      });
    case 'ObservationFailed':
      return line('warn', `organization ${event.organization} cannot be seen: ${event.message}`, { code: event.code });
    case 'HaltChanged':
      return line('warn', event.halted ? `all writes stopped by ${event.by}: ${event.reason}` : 'writes are allowed again', {});
    case 'MigrationApplied':
      return info(`migrated: ${event.file}`, { environment: event.environment, seconds: event.took / 1_000 });
    case 'MigrationFailed':
      return line('error', `migration failed: ${event.message}. ${event.remedy}`, { environment: event.environment, code: event.code });
    case 'BudgetCrossed': {
      const who = event.owners.map(({ name }) => name).join(', ');
      const said =
        event.news === 'cleared' ? `budget ${event.budget} is kept again` : `budget ${event.budget} is ${event.level}: ${event.reason}`;
      return line(
        event.news === 'cleared' ? 'info' : 'warn',
        `${said}${event.news === 'reminder' ? ' (nobody said that they saw it)' : ''}`,
        { owners: who },
      );
    }
    case 'BudgetActed':
      return line('warn', `budget ${event.budget} ${event.begins ? 'acts' : 'no longer acts'}: ${event.act}: ${event.reason}`, {
        environment: event.environment,
      });
    case 'Notified':
      if (event.result === 'sent' || event.result === 'withdrawn') return null;
      return line(event.result === 'dropped' ? 'error' : 'warn', notifiedText(event), { environment: event.environment });
    case 'HeartbeatChanged':
      return event.reached ? info('the heartbeat arrives', {}) : line('warn', `the heartbeat does not arrive: ${event.message}`, {});
    case 'StoreLost':
      return line('error', `the state database does not answer; nothing is written meanwhile: ${event.message}`, {});
    case 'StoreBack':
      return info('the state database answers again', {});
    case 'Bugged':
      return line('error', `a bug stopped this for a while: ${event.message}`, { key: event.key });
    default:
      return null;
  }
}
/** Holds that pass by themselves in seconds, or are told already: by the drift, or by the mode that somebody chose. */
const QUIET: readonly string[] = [
  'ReleaseWaits',
  'WaitingForHealth',
  'WaitingForPlatform',
  'WaitingForVolume',
  'WaitingForDependency',
  'LeaseHeld',
  'PartialPicture',
  'Grace',
  'ObserveOnly',
  'Halted',
];
const line = (level: Level, message: string, fields: Line['fields']): Line => ({ level, message, fields });
const info = (message: string, fields: Line['fields']): Line => line('info', message, fields);
const of = ({ environment, app }: { readonly environment: string; readonly app: string }): Line['fields'] => ({ environment, app });
const whoText = (actor: string | null): string => (actor === null ? '' : ` (by ${actor})`);
const whenText = (at: number | null, keep: string): string =>
  at === null ? 'not put right by itself' : `corrected from ${new Date(at).toISOString()}; ${keep}`;
const notifiedText = ({ target, occasion, result, message }: Extract<Event, { readonly type: 'Notified' }>): string =>
  `${occasion} ${result === 'dropped' ? 'was given up for' : 'did not reach'} ${target}: ${message}`;
const refusedText = (event: Extract<Event, { readonly type: 'RevisionRefused' }>): string =>
  [
    'desired state refused; the last good revision stays',
    ...event.problems.map(
      ({ file, line: at, column, rule, message, remedy }) => `  ${file}:${at}:${column} ${rule}: ${message} (${remedy})`,
    ),
  ].join('\n');
