/** What is told of a release, and written into the audit. */
import type { ClockDep } from '#domain/clock.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { appName, environmentName } from '#domain/ids.ts';
import { isEnded, type Release } from '#domain/release.ts';
import { ok, type Result } from '#domain/result.ts';
import { elapsed } from '#domain/units.ts';
import type { AuditEntry, StoreDep } from '#platform/store/port.ts';

export async function tellRelease(
  { tell, store, clock }: TellDep & StoreDep & ClockDep,
  before: Release | null,
  release: Release,
  signal: AbortSignal,
): Promise<Result<void, TrimtabError>> {
  const environment = environmentName(release.environment);
  const { number, kind, phase, message, failure } = release;
  const apps = release.changes.map(({ app }) => appName(app));
  const rows: AuditEntry[] = [];
  const note = (result: string, why: string): void => {
    const { actor, from, to } = release;
    rows.push({ at: clock.now(), actor, environment, app: null, what: `release ${number}`, from, to, why: `${kind}: ${why}`, result });
  };
  if (before === null) {
    tell({ type: 'ReleaseStarted', environment, number, kind, actor: release.actor, from: release.from, to: release.to, apps });
    note('started', release.changes.map(({ name, parts }) => `${name} (${parts.join(', ') || 'again'})`).join(', '));
  }
  if (before !== null && failure !== null && before.failure === null) {
    const failed = failure.apps.map(appName);
    tell({ type: 'ReleaseFailing', environment, number, kind, reason: failure.reason, apps: failed, message: failure.message });
    note(failure.reason, failure.message);
  }
  if (before === null || before.phase !== phase || before.hold !== release.hold)
    tell({ type: 'ReleasePhase', environment, number, kind, phase, message, hold: release.hold });
  if (isEnded(release)) {
    const took = elapsed(release.startedAt, clock.now());
    tell({ type: 'ReleaseEnded', environment, number, kind, result: resultOf(phase), took, apps, message });
    note(phase, message || 'it is live');
  }
  return rows.length === 0 ? ok(undefined) : store.appendAudit(rows, signal);
}
const resultOf = (phase: Release['phase']): 'complete' | 'failed' | 'superseded' =>
  phase === 'complete' || phase === 'superseded' ? phase : 'failed';
