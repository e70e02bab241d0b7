/** The alerts of `infra/prometheus/rules.yaml` without a Prometheus: what lasts is watched, told once when it has lasted long enough, and once when
 *  it is over. All apps with the same trouble are one incident. Pure. */
import { days, hours, type Ms, minutes, ms } from '#domain/units.ts';
import { incidentNotices, type Present } from './incidents.ts';
import type { Scene } from './scene.ts';
import type { Told } from './told.ts';
import type { AlertName, Notice } from './words.ts';

interface Alert {
  /** It has to last so long. */
  readonly for: Ms;
  readonly title: string;
  readonly remedy: string;
  /** What it is true of now; null: this process cannot say. */
  readonly present: (scene: Scene, told: Told) => readonly Present[] | null;
}
type Level = Exclude<AlertName, 'TrimtabReleaseFailed' | 'TrimtabBudgetCritical' | 'TrimtabBudgetForecast'>;
const ROTATION_WARNING = days(7);
const RESTORE_POINT_OLD = days(8);
const GUARD_REMEMBERED = hours(1);
const SYNCED_REMEMBERED = days(3);
const MOST_SYNCED = 500;

const LEVEL_ALERTS: Readonly<Record<Level, Alert>> = {
  TrimtabDriftNotCorrected: {
    for: minutes(65),
    title: 'drift is not put right for an hour',
    remedy:
      '`trimtab plan` shows the field and why it waits; commit it, list it under ignoreDifferences, or let it through with `trimtab apply`',
    present: ({ statuses }) =>
      statuses.flatMap(({ app, drifts }) => {
        const [first] = [...drifts].sort((a, b) => a.firstSeen - b.firstSeen);
        return first === undefined ? [] : [{ subject: app, since: first.firstSeen, line: `${app}: ${first.subject} ${first.pointer}` }];
      }),
  },
  TrimtabReconcileStalled: {
    for: minutes(30),
    title: 'not as git says for half an hour',
    remedy: '`trimtab explain APP` names the hold or the error with its remedy',
    present: ({ statuses }) =>
      statuses.flatMap((status) => {
        const { app, sync, conditions, excluded } = status;
        if (excluded === true || sync === 'Synced') return [];
        const why = conditions.find(({ type, status: is }) => (type === 'Stalled' || type === 'Held') && is === 'true');
        return [{ subject: app, since: notReadySince(status), line: `${app}: ${sync}${why === undefined ? '' : `: ${why.message}`}` }];
      }),
  },
  TrimtabAppDegraded: {
    for: minutes(5),
    title: 'not healthy',
    remedy: '`trimtab explain APP`, then the logs of the app; after a release it goes back by itself',
    present: ({ statuses }) =>
      statuses.flatMap((status) => {
        const { app, health, excluded } = status;
        const ill = excluded !== true && (health === 'Degraded' || health === 'Missing');
        return ill ? [{ subject: app, since: notReadySince(status), line: `${app}: ${health}` }] : [];
      }),
  },
  TrimtabSecretRotationDue: {
    for: ms(0),
    title: 'secrets must be rotated within a week',
    remedy: 'issue a new value at its source: trimtab brings it to every machine',
    present: ({ statuses, now }) =>
      statuses.flatMap(({ app, secrets }) =>
        (secrets ?? []).flatMap(({ name, rotationDue }) =>
          rotationDue === null || rotationDue - now >= ROTATION_WARNING
            ? []
            : [{ subject: `${app}/${name}`, since: rotationDue - ROTATION_WARNING, line: `${app}: ${name}, due ${dayOf(rotationDue)}` }],
        ),
      ),
  },
  TrimtabRestorePointOld: {
    for: ms(0),
    title: 'nobody confirmed a restore point of the database for eight days',
    remedy: 'look at the restore window of the database, then `trimtab report sign restore-point --note …`',
    present: ({ restorePoint, now }) => {
      if (restorePoint === null || now - restorePoint.at <= RESTORE_POINT_OLD) return [];
      const { at, confirmed } = restorePoint;
      return [{ subject: 'database', since: at + RESTORE_POINT_OLD, line: confirmed ? `last confirmed ${dayOf(at)}` : 'never confirmed' }];
    },
  },
  TrimtabDesiredStateRefused: {
    for: minutes(5),
    title: 'the newest desired state is not valid; the last good one stays',
    remedy: '`trimtab validate` lists every problem with file, line and remedy',
    present: ({ problems }) =>
      problems.length === 0 ? [] : [{ subject: 'desired-state', since: null, line: problems.slice(0, 5).join('\n') }],
  },
  TrimtabPlatformErrors: {
    for: minutes(10),
    title: 'more than a tenth of the requests to the platform fail',
    remedy: 'see https://status.flyio.net; 401 or 403 is the token: `trimtab doctor`',
    // Each process counts its own requests; what another one told is its to end, as long as it lives.
    present: ({ failing, writer, now }, { incidents }) => {
      if (failing === null) return null;
      const others = Object.entries(incidents['TrimtabPlatformErrors']?.subjects ?? {}).filter(
        ([subject, { since }]) => subject !== writer && now - since < hours(1),
      );
      const line = `${Math.round(failing * 100)} % of the last minutes`;
      const own = failing > 0.1 ? [{ subject: writer, since: null, line }] : [];
      return [...others.map(([subject, { since }]) => ({ subject, since, line: subject })), ...own];
    },
  },
  TrimtabNoObservation: {
    for: minutes(7),
    title: 'the platform is not seen for five minutes',
    remedy: '/readyz says what is missing: database, desired state, or the platform',
    // Never seen by anybody: counted from the first look.
    present: ({ observedAt, now }, { since }) => {
      const at = observedAt ?? since;
      return now - at > minutes(5) ? [{ subject: 'platform', since: at, line: `last seen ${timeOf(at)}` }] : [];
    },
  },
  TrimtabGuardRefused: {
    for: ms(0),
    title: 'the guard refused a plan',
    remedy: '`trimtab plan` shows it; `trimtab apply` lets through what a person may let through',
    present: (_scene, { guard }) =>
      Object.entries(guard).map(([rule, { app, at, message }]) => ({ subject: rule, since: at, line: `${app}: ${rule}: ${message}` })),
  },
  // A budget has its own limits, and tells its crossings itself.
  TrimtabBudgetWarning: {
    for: minutes(10),
    title: 'the week costs much more than the one before',
    remedy: '`trimtab cost --by app` shows where, `trimtab cost advise` what would save the most',
    present: ({ weekOverWeek, budgets }) =>
      budgets.length > 0 || weekOverWeek === null || weekOverWeek <= 0.2
        ? []
        : [{ subject: 'week', since: null, line: `${Math.round(weekOverWeek * 100)} % above the week before` }],
  },
  TrimtabConvergenceBurnsFast: {
    for: ms(0),
    title: 'commits take too long to go live',
    remedy: '`trimtab history` shows in which phase the time goes',
    present: ({ now }, told) =>
      burning(told, now, [
        [hours(1), 14.4],
        [hours(6), 6],
      ]),
  },
  TrimtabConvergenceBurnsSlowly: {
    for: hours(1),
    title: 'commits take too long to go live, for days',
    remedy: '`trimtab history` shows in which phase the time goes',
    present: ({ now }, told) =>
      burning(told, now, [
        [days(3), 1],
        [hours(6), 1],
      ]),
  },
  TrimtabNotificationsLate: {
    for: ms(0),
    title: 'messages to another target do not arrive',
    remedy: '`trimtab notify test` shows why',
    present: ({ late }) => late.map(({ target, message }) => ({ subject: target, since: null, line: `${target}: ${message}` })),
  },
};
const LEVELS: readonly Level[] = Object.keys(LEVEL_ALERTS).filter((name): name is Level => name in LEVEL_ALERTS);

export function alertNotices(scene: Scene, told: Told): { readonly told: Told; readonly notices: Notice[] } {
  const remembered = remember(scene, told);
  const notices: Notice[] = [];
  const incidents = { ...remembered.incidents };
  for (const name of LEVELS) {
    const alert = LEVEL_ALERTS[name];
    const present = alert.present(scene, remembered);
    if (present === null) continue;
    const { incident, notices: news } = incidentNotices({ ...alert, name, present }, scene, incidents[name] ?? null);
    notices.push(...news);
    if (incident === null) delete incidents[name];
    else incidents[name] = incident;
  }
  return { told: { ...remembered, incidents }, notices };
}
/** What only this process heard is kept with what was told, and forgotten with its time. */
function remember({ heard, now }: Scene, told: Told): Told {
  const guard = Object.fromEntries(
    [...Object.entries(told.guard), ...heard.guard.map(({ rule, ...fact }) => [rule, fact] as const)].filter(
      ([, { at }]) => now - at < GUARD_REMEMBERED,
    ),
  );
  const synced = [...told.synced, ...heard.synced].filter(({ at }) => now - at < SYNCED_REMEMBERED).slice(-MOST_SYNCED);
  return { ...told, guard, synced };
}
/** 1: the hundredth that may be late is spent exactly in its month. */
const ALLOWED = 0.01;
function burning({ synced }: Told, now: number, rates: readonly (readonly [Ms, number])[]): readonly Present[] {
  const shares = rates.map(([span, factor]) => {
    const within = synced.filter(({ at }) => now - at < span);
    const late = within.filter((one) => one.late).length;
    return { burns: within.length > 0 && late / within.length > factor * ALLOWED, late, of: within.length };
  });
  const [first] = shares;
  if (first === undefined || shares.some(({ burns }) => !burns)) return [];
  return [{ subject: 'convergence', since: null, line: `${first.late} of ${first.of} revisions took more than five minutes` }];
}
/** Since when it is not ready: kept with its status, so that a restart loses no time. */
const notReadySince = ({ conditions }: Scene['statuses'][number]): number | null => {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'true' ? null : ready.since;
};
const timeOf = (at: number): string => new Date(at).toISOString();
const dayOf = (at: number): string => timeOf(at).slice(0, 10);
