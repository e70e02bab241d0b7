/** The budgets of all environments: judged when the figures are new, told once per crossing to those who are responsible, and acted upon where
 *  git says so. State is kept per budget, so that a restart tells nothing twice. */
import { z } from 'zod';
import { type Acted, type ActiveAct, activeActs, actText, type ReleaseActs, releaseActs, withActs } from '#domain/acts.ts';
import {
  actingLevel,
  type BudgetFigures,
  type BudgetState,
  budgetAmount,
  judgeBudget,
  LEVELS,
  LIMITS,
  type Limit,
  limitsOf,
} from '#domain/budget.ts';
import type { ClockDep } from '#domain/clock.ts';
import type { BudgetDocument } from '#domain/desired-schema.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { environmentName } from '#domain/ids.ts';
import { totalOf } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment, Owner } from '#domain/revision.ts';
import { elapsed, instant, type MicroUsd } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { type Costs, forecastOf, inScope, type Scope, summaryOf } from './costs.ts';
import { budgetsOf } from './gates.ts';
import type { AppTarget } from './target.ts';

export interface BudgetView extends BudgetFigures {
  readonly name: string;
  readonly organization: string;
  readonly environments: readonly string[] | null;
  readonly amount: MicroUsd;
  /** Percent. */
  readonly limits: Readonly<Record<Limit, number>>;
  readonly state: BudgetState;
  readonly owners: readonly Owner[];
  readonly acts: readonly { readonly environment: string; readonly act: string; readonly reason: string }[];
}
export interface Budgets {
  /** Judges every budget whose organization this is by the figures of the last look. */
  step(organization: string, signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  /** Reads what another controller judged. */
  refresh(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
  views(): readonly BudgetView[];
  /** Somebody saw it: nobody is told again. */
  ack(budget: string, by: string, signal: AbortSignal): Promise<Result<BudgetView, TrimtabError>>;
  acted(target: AppTarget): AppTarget;
  releaseActs(environment: string): ReleaseActs;
}
export interface BudgetsDeps extends StoreDep, ClockDep, TellDep {
  readonly costs: Costs;
  readonly environments: () => readonly CompiledEnvironment[];
}
const KIND = 'budget';
const MOST = 200;
const at = z.number().transform(instant);
const State = z.object({
  level: z.enum(LEVELS),
  month: z.string(),
  since: at,
  crossed: z.array(z.enum(LIMITS)),
  reason: z.string(),
  toldAt: at.nullable(),
  remindedAt: at.nullable(),
  ackedBy: z.string().nullable(),
  acted: z.enum(LEVELS),
});

export function makeBudgets(deps: BudgetsDeps): Budgets {
  const { clock, store, tell, costs } = deps;
  const states = new Map<string, BudgetState>();
  const figures = new Map<string, BudgetFigures>();
  const judgedAt = new Map<string, string>();
  const acting = new Map<string, string>();
  const all = (): readonly BudgetDocument[] => budgetsOf(deps.environments());
  const scopeOf = ({ spec: { scope } }: BudgetDocument): Scope | null => {
    if (scope.organization !== undefined) return { organization: scope.organization, environments: null };
    const first = deps.environments().find(({ name }) => scope.environments?.includes(name));
    return first === undefined ? null : { organization: first.organization, environments: scope.environments ?? [] };
  };
  const ownersOf = (scope: Scope): readonly Owner[] =>
    deps
      .environments()
      .filter(({ name, organization }) => organization === scope.organization && scope.environments?.includes(name) !== false)
      .flatMap(({ owners }) => owners);
  const acts = (): readonly ActiveAct[] =>
    all().flatMap((budget) => {
      const state = states.get(budget.metadata.name);
      return state === undefined
        ? []
        : activeActs(budget, actingLevel(state, clock.now()), state.reason, elapsed(state.since, clock.now()));
    });
  const viewOf = (budget: BudgetDocument): BudgetView | null => {
    const [scope, state, seen] = [scopeOf(budget), states.get(budget.metadata.name), figures.get(budget.metadata.name)];
    if (scope === null || state === undefined || seen === undefined) return null;
    const own = acts().filter((act) => act.budget === budget.metadata.name);
    return {
      ...{
        ...seen,
        name: budget.metadata.name,
        ...scope,
        amount: budgetAmount(budget.spec),
        limits: limitsOf(budget.spec),
        state,
        owners: ownersOf(scope),
      },
      acts: own.map(({ environment, do: act, reason }) => ({ environment, act: actText(act), reason })),
    };
  };
  const save = (budget: string, state: BudgetState, signal: AbortSignal) =>
    store.saveDocument(KIND, { key: budget, at: clock.now(), document: { ...state, crossed: [...state.crossed] } }, signal);
  const tellActs = (): void => {
    const now = new Map(acts().map((act) => [`${act.budget}/${act.environment}/${actText(act.do)}`, act]));
    for (const [key, act] of now)
      if (!acting.has(key)) {
        acting.set(key, actText(act.do));
        tell({
          type: 'BudgetActed',
          budget: act.budget,
          environment: environmentName(act.environment),
          act: actText(act.do),
          reason: act.reason,
          begins: true,
        });
      }
    for (const [key, act] of [...acting])
      if (!now.has(key)) {
        acting.delete(key);
        const [budget = '', environment = ''] = key.split('/');
        tell({ type: 'BudgetActed', budget, environment: environmentName(environment), act, reason: 'the cause is gone', begins: false });
      }
  };
  const judge = async (budget: BudgetDocument, scope: Scope, signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    const picture = costs.seen(scope.organization);
    if (picture === null) return ok(undefined);
    const name = budget.metadata.name;
    const rates = costs.rates(scope.organization);
    const { weekOverWeek } = summaryOf(scope, picture, rates, 0);
    const seen = { used: totalOf(inScope(scope, picture.month)), forecast: forecastOf(scope, picture, rates).amount, weekOverWeek };
    figures.set(name, seen);
    let known = states.get(name) ?? null;
    if (known === null) {
      const stored = await store.document(KIND, name, signal);
      if (!stored.ok) return stored;
      const parsed = State.safeParse(stored.value?.document);
      known = parsed.success ? parsed.data : null;
    }
    const { state, news } = judgeBudget(budget.spec, seen, known, clock.now());
    const saved = known !== null && news === null && sameMark(known, state) ? ok(undefined) : await save(name, state, signal);
    if (!saved.ok) return saved;
    states.set(name, state);
    if (news !== null)
      tell({ type: 'BudgetCrossed', budget: name, news, level: state.level, reason: state.reason, ...of(scope), owners: ownersOf(scope) });
    return ok(undefined);
  };
  return {
    step: async (organization, signal) => {
      const picture = costs.seen(organization);
      const key = `${picture?.at ?? 0} ${Math.floor(clock.now() / 60_000)}`;
      if (judgedAt.get(organization) === key) return ok(undefined);
      for (const budget of all()) {
        const scope = scopeOf(budget);
        if (scope?.organization !== organization) continue;
        const judged = await judge(budget, scope, signal);
        if (!judged.ok) return judged;
      }
      judgedAt.set(organization, key);
      tellActs();
      return ok(undefined);
    },
    refresh: async (signal) => {
      if (all().length === 0) return ok(undefined);
      const rows = await store.documents(KIND, MOST, signal);
      if (!rows.ok) return rows;
      for (const { key, document } of rows.value) {
        const parsed = State.safeParse(document);
        if (parsed.success) states.set(key, parsed.data);
      }
      return ok(undefined);
    },
    views: () => all().flatMap((budget) => viewOf(budget) ?? []),
    ack: async (name, by, signal) => {
      const budget = all().find(({ metadata }) => metadata.name === name);
      const state = states.get(name);
      if (budget === undefined || state === undefined) return err(failure('REQUEST_INVALID', `there is no budget ${name}`));
      const next = { ...state, ackedBy: by };
      const saved = await save(name, next, signal);
      if (!saved.ok) return saved;
      states.set(name, next);
      const view = viewOf(budget);
      return view === null ? err(failure('REQUEST_INVALID', `budget ${name} counts no environment`)) : ok(view);
    },
    acted: (target) => {
      const own = acts().filter(({ environment }) => environment === target.environment.name);
      if (own.length === 0 || target.gone) return target;
      const { app, overridden }: Acted = withActs(target.app, own);
      return overridden === null ? target : { ...target, app, overridden: { reason: 'BudgetAct', message: overridden } };
    },
    releaseActs: (environment) => releaseActs(acts().filter((act) => act.environment === environment)),
  };
}
const of = ({ organization, environments }: Scope) => ({ organization, environments });
/** Reasons carry figures, which move all the time: they are no ground to write. */
const sameMark = (a: BudgetState, b: BudgetState): boolean =>
  a.level === b.level && a.month === b.month && a.remindedAt === b.remindedAt && a.crossed.join() === b.crossed.join();
