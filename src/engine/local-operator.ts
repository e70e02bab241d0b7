/** The operator of the controller in this process. */

import type { ClockDep } from '#domain/clock.ts';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { environmentName } from '#domain/ids.ts';
import { ok } from '#domain/result.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { Accounts } from './accounts.ts';
import { approveApps } from './approve-app.ts';
import { makeAuditDesk } from './audit-desk.ts';
import type { Controller } from './controller.ts';
import type { DatabaseOperator } from './database-operator.ts';
import { ejectApp } from './eject.ts';
import type { EnvironmentView } from './environments.ts';
import type { Halts } from './halts.ts';
import { inKey } from './in-key.ts';
import type { NotifyDesk } from './notices/desk.ts';
import type { AppPlan, EnvironmentAnswer, Operator, Selection } from './operator.ts';
import { type People, tokenDesk } from './people.ts';
import type { Proving } from './proving.ts';
import { approveRelease } from './release-people.ts';
import { planHash } from './release-plan.ts';
import { makeReleaseOperator } from './release-words.ts';
import { lookAtSecrets, syncSecrets } from './secret-desk.ts';
import { type AppTarget, targetKey } from './target.ts';
import { appliedOf } from './targets.ts';

export interface OperatorDeps extends StoreDep, ClockDep, TellDep {
  readonly controller: Controller;
  readonly halts: Halts;
  readonly proving: Proving;
  readonly db: DatabaseOperator;
  readonly accounts: Accounts;
  readonly notify: NotifyDesk;
  readonly people: People;
}

const PLANS_AT_A_TIME = 16;

export function makeLocalOperator(deps: OperatorDeps): Operator {
  const { controller, store, halts, clock, tell } = deps;
  const chosen = (selection: Selection): readonly AppTarget[] =>
    controller.environments
      .targets()
      .filter(
        ({ environment, app }) =>
          (selection.environment === null || environment.name === selection.environment) &&
          (selection.app === null || app.name === selection.app || app.app === selection.app),
      );
  const halt: Operator['halt'] = async (scope, by, reason, signal) => {
    // In memory first: it must work when the database does not.
    halts.add({ scope, by, reason });
    tell({ type: 'HaltChanged', halted: true, by, reason });
    return store.halt({ scope, by, reason, since: clock.now() }, signal);
  };
  return {
    ...deps.proving,
    db: deps.db,
    ...deps.accounts,
    ...deps.notify,
    ...makeAuditDesk({ store, appNamed: (app) => chosen({ environment: null, app })[0]?.app.app ?? app }),
    ...tokenDesk(deps.people),
    ...makeReleaseOperator(deps),
    environments: (_signal) => Promise.resolve(ok(controller.environments.views().map((view) => answerFor(deps, view)))),
    plan: async (selection, signal) => {
      const targets = chosen(selection);
      const plans: AppPlan[] = [];
      // Side by side, but not all thousand at once.
      for (let at = 0; at < targets.length; at += PLANS_AT_A_TIME)
        plans.push(...(await Promise.all(targets.slice(at, at + PLANS_AT_A_TIME).map((target) => planFor(controller, target, signal)))));
      return ok(selection.app === null ? withHashes(controller, plans) : plans);
    },
    approve: async (selection, by, plan, signal) => {
      const targets = chosen(selection);
      const environments = new Set(targets.map(({ environment }) => environment.name));
      for (const environment of environments) {
        const mine = targets.filter((target) => target.environment.name === environment);
        const given = await (selection.app === null
          ? approveRelease(deps, environment, by, plan, signal)
          : approveApps(deps, environment, mine, { by, plan }, signal));
        if (!given.ok) return given;
      }
      const fresh = chosen(selection);
      await controller.wake(fresh, signal);
      return ok(fresh.map(({ app }) => app.app));
    },
    refresh: async (signal, told = {}) => {
      const read = await controller.readSource(signal, told);
      if (!read.ok) return read;
      await controller.wake(controller.environments.targets(), signal);
      return ok(undefined);
    },
    audit: async (selection, limit, signal) => {
      const names = selection.environment === null ? controller.environments.names() : [selection.environment];
      const rows = [];
      for (const name of names) {
        const found = await store.audit(name, selection.app, limit, signal);
        if (!found.ok) return found;
        rows.push(...found.value);
      }
      return ok(rows.sort((a, b) => b.at - a.at).slice(0, limit));
    },
    halt,
    unhalt: async (scope, by, signal) => {
      halts.remove(scope);
      tell({ type: 'HaltChanged', halted: false, by, reason: scope });
      const ended = await store.unhalt(scope, signal);
      // What it held is done now, not with the next resync.
      await controller.wake(chosen({ environment: scope === '*' ? null : scope, app: null }), signal);
      return ended;
    },
    eject: async (selection, by, signal) => {
      const names: string[] = [];
      for (const target of chosen(selection)) {
        const under = { clock, within: controller.within };
        const turn = await inKey(under, targetKey(target), (within) => ejectApp(controller, target, within), signal);
        const ejected = turn.ok ? turn.value : turn;
        if (!ejected.ok) return ejected;
        names.push(...ejected.value);
      }
      for (const name of new Set(chosen(selection).map(({ environment }) => environment.name))) {
        const halted = await halt(name, by, 'ejected: stamps were taken off', signal);
        if (!halted.ok) return halted;
      }
      return ok(names);
    },
    secrets: async (selection, signal) => ok(await lookAtSecrets(deps, chosen(selection), signal)),
    syncSecrets: async (selection, wish, signal) => ok(await syncSecrets(deps, chosen(selection), wish, signal)),
  };
}
/** What a person approves is named by the hash over all apps of the environment. */
function withHashes(controller: Controller, all: readonly AppPlan[]): readonly AppPlan[] {
  const hashes = new Map(
    [...Map.groupBy(all, ({ environment }) => environment)].flatMap(([environment, plans]): readonly (readonly [string, string])[] => {
      const state = controller.environments.view(environment)?.state ?? null;
      if (state === null || plans.some(({ error }) => error !== null)) return [];
      const made = plans.flatMap(({ plan }) => (plan === null ? [] : [plan]));
      return [[environment, planHash(state.effective.id, made)]];
    }),
  );
  return all.map((one) => {
    const approves = hashes.get(one.environment);
    return approves === undefined ? one : { ...one, approves };
  });
}
async function planFor(controller: Controller, target: AppTarget, signal: AbortSignal): Promise<AppPlan> {
  const of = { environment: target.environment.name, name: target.app.name, app: target.app.app };
  const found = await controller.preview(targetKey(target), signal);
  if (found === null) return { ...of, plan: null, error: null };
  if (!found.ok) return { ...of, plan: null, error: errorOf(found.error) };
  return { ...of, plan: found.value.plan, error: null };
}
const errorOf = (error: TrimtabError) => ({ code: error.code, message: error.message, remedy: remedyOf(error) });

function answerFor({ controller, halts }: OperatorDeps, view: EnvironmentView): EnvironmentAnswer {
  const { name, state, lastGood, problems, warnings, commit } = view;
  const targets = controller.environments.targets().filter(({ environment }) => environment.name === name);
  const declared = state?.accepted.document.declared;
  return {
    name,
    ...(declared === undefined ? {} : { asks: { prefix: declared.envPrefix, names: Object.keys(declared.lookups) } }),
    organization: state?.accepted.document.organization ?? null,
    mode: state?.accepted.document.sync.mode ?? null,
    accepted: state?.accepted.id ?? null,
    applied: state === null ? null : (appliedOf(state)?.id ?? null),
    lastGood,
    commit,
    valid: problems.length === 0,
    problems,
    warnings,
    halted: halts.reasonFor(environmentName(name)),
    release: state?.book.active ?? null,
    pins: state?.book.pins ?? [],
    pause: state?.book.pause ?? null,
    overrides: state?.book.overrides ?? [],
    apps: targets.flatMap(({ app }) => {
      const status = controller.statusOf(environmentName(name), app.app);
      if (status === null) return [];
      return [{ ...status, costMonthToDateMicroUsd: controller.money.monthToDate(name, app.app, null) }];
    }),
  };
}
