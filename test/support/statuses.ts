/** How apps and environments are, for tests of what people see. Only the fields that matter are given. */
import type { AppStatus } from '#domain/condition.ts';
import { instant, microUsd } from '#domain/units.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';

export const SEEN_AT = instant(Date.UTC(2026, 9, 21, 9));
export function anAppStatus(over: Partial<AppStatus> = {}): AppStatus {
  const name = over.name ?? 'web';
  return {
    environment: 'production',
    name,
    app: `acme-${name}`,
    appliedRevision: 'a'.repeat(64),
    attemptedRevision: 'a'.repeat(64),
    sync: 'Synced',
    health: 'Healthy',
    conditions: [{ type: 'Ready', status: 'true', reason: 'Synced', message: 'everything is as git says', since: SEEN_AT, revision: null }],
    groups: [
      {
        group: 'app',
        region: 'nrt',
        desiredMin: 2,
        desiredMax: 2,
        states: { started: 2 },
        ready: 2,
        checks: { passing: 2 },
        minMachinesRunning: 1,
        started: 2,
        primary: true,
      },
    ],
    drifts: [],
    held: [],
    foreign: [],
    pending: [],
    costLines: [{ item: 'compute', subject: 'app-nrt-1', microUsdPerHour: microUsd(3_532) }],
    costMonthToDateMicroUsd: microUsd(0),
    observedAt: SEEN_AT,
    syncedAt: SEEN_AT,
    ...over,
  };
}
export function anEnvironmentAnswer(apps: readonly AppStatus[], over: Partial<EnvironmentAnswer> = {}): EnvironmentAnswer {
  return {
    name: 'production',
    organization: 'acme',
    mode: 'automatic',
    release: null,
    pins: [],
    pause: null,
    overrides: [],
    accepted: 'a'.repeat(64),
    applied: 'a'.repeat(64),
    lastGood: 'a'.repeat(64),
    commit: null,
    valid: true,
    problems: [],
    warnings: [],
    halted: null,
    apps,
    ...over,
  };
}
