/** The pages over a fixed picture of the world, with people who may sign in. What was acted is written down. */
import type { Hono } from 'hono';
import { failure } from '#domain/errors.ts';
import type { Release } from '#domain/release.ts';
import { err, ok } from '#domain/result.ts';
import type { CostAnswer, DayCost } from '#engine/accounts.ts';
import type { AppPlan, EnvironmentAnswer } from '#engine/operator.ts';
import { type People, SESSION_LENGTH } from '#engine/people.ts';
import type { WeekRecord } from '#engine/week-record.ts';
import { makeChanges } from '#http/changes.ts';
import { makeSite, type PageOperator, type SiteDeps } from '#http/page/site.ts';
import { realClock } from '#platform/clock.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import { aBudgetView, aWeekRecord } from './money-views.ts';
import { peopleOf } from './people.ts';
import { SEEN_AT } from './statuses.ts';

export interface Site {
  readonly app: Hono;
  readonly people: People;
  readonly acted: readonly string[];
  readonly changes: SiteDeps['changes'];
  /** Tokens of `ann`, an operator, and `vic`, a viewer. */
  readonly tokens: { readonly operator: string; readonly viewer: string };
}
export interface SiteOptions extends Partial<Pick<SiteDeps, 'reading' | 'language' | 'machines'>> {
  readonly environments: readonly EnvironmentAnswer[];
  readonly audit?: readonly AuditEntry[];
  readonly releases?: readonly Release[];
  readonly plans?: readonly AppPlan[];
  readonly costs?: readonly CostAnswer[];
  readonly days?: readonly DayCost[];
  readonly week?: WeekRecord;
}
export async function makeTestSite(options: SiteOptions): Promise<Site> {
  const acted: string[] = [];
  const people = peopleOf({ store: makeMemoryStore(), clock: realClock });
  const signal = new AbortController().signal;
  const tokenOf = async (name: string, role: 'viewer' | 'operator'): Promise<string> => {
    const added = await people.add(name, role, signal);
    if (!added.ok || added.value === null) throw new Error('no token');
    return added.value;
  };
  const changes = makeChanges(realClock);
  const { reading = 'open', language = 'en', machines = () => null } = options;
  const site = makeSite({
    operator: operatorOver(options, acted),
    people,
    sessionMs: SESSION_LENGTH,
    version: '1.2.3',
    now: () => SEEN_AT + 60_000,
    changes,
    ...{ reading, language, machines },
  });
  return {
    app: site,
    people,
    acted,
    changes,
    tokens: { operator: await tokenOf('ann', 'operator'), viewer: await tokenOf('vic', 'viewer') },
  };
}
function operatorOver(options: SiteOptions, acted: string[]): PageOperator {
  const { environments, audit = [], releases = [], plans = [], costs = [], days = [], week = aWeekRecord() } = options;
  const told = <T>(text: string, value: T) => {
    acted.push(text);
    return Promise.resolve(ok(value));
  };
  return {
    environments: () => Promise.resolve(ok(environments)),
    audit: () => Promise.resolve(ok(audit)),
    plan: () => Promise.resolve(ok(plans)),
    history: (environment, _app, limit) => Promise.resolve(ok({ environment, releases: releases.slice(0, limit), platform: null })),
    cost: () => Promise.resolve(ok(costs)),
    costDays: () => Promise.resolve(ok(days)),
    advise: () => Promise.resolve(ok([])),
    weekRecord: (name) =>
      Promise.resolve(name === null || name === week.week ? ok(week) : err(failure('REQUEST_INVALID', `${name} is no Monday`))),
    weekRecords: () => Promise.resolve(ok([week])),
    approve: ({ environment, app }, by, plan) => told(`${by} approves ${environment}/${app ?? '*'} ${plan ?? ''}`.trimEnd(), ['acme-web']),
    halt: (scope, by, reason) => told(`${by} halts ${scope}: ${reason}`, undefined),
    unhalt: (scope, by) => told(`${by} unhalts ${scope}`, undefined),
    pause: ({ environment, by, span, reason }) => told(`${by} pauses ${environment} for ${span / 3_600_000} h: ${reason}`, undefined),
    resume: ({ environment, by }) => told(`${by} resumes ${environment}`, undefined),
    rollback: ({ environment, by, app, to, reason }) =>
      told(`${by} rolls ${environment}/${app ?? '*'} back to ${to}: ${reason}`, { to: 'b'.repeat(64), apps: ['web'], was: [] }),
    retry: ({ environment, app, by }) => told(`${by} retries ${environment}/${app ?? '*'}`, undefined),
    endOverride: ({ environment, app, by }) => told(`${by} ends the override of ${environment}/${app}`, undefined),
    ackBudget: (budget, by) => told(`${by} has seen ${budget}`, aBudgetView({ name: budget })),
    signWeek: (name, item, note, by) => told(`${by} signs ${item} of ${name}: ${note}`, week),
  };
}
