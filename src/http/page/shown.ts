/** Which page shows what: everything is asked here, and rendered by the page's own file. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { MachineLine } from '#engine/machine-lines.ts';
import type { EnvironmentAnswer, Operator } from '#engine/operator.ts';
import { appPage } from './app.ts';
import { costPage } from './cost.ts';
import { environmentPage, planPage } from './environment.ts';
import { fleetPage } from './fleet.ts';
import { historyPage } from './history.ts';
import { machinePage } from './machine.ts';
import type { Html, Reader } from './parts.ts';
import { releasePage } from './release.ts';
import { weekPage, weeksPage } from './week.ts';

export interface ShownDeps {
  readonly operator: Pick<
    Operator,
    'environments' | 'audit' | 'plan' | 'history' | 'cost' | 'costDays' | 'advise' | 'weekRecord' | 'weekRecords'
  >;
  /** Machines of one app as this process last saw them; null: another controller looks after it. */
  readonly machines: (environment: string, app: string) => readonly MachineLine[] | null;
}
export interface Shown {
  readonly title: string;
  readonly body: Html;
  /** Too dear to be asked for with every change: a plan looks at the platform, costs count a month. */
  readonly still?: boolean;
  readonly status?: 403 | 404 | 409 | 500 | 503;
}
type Asked = Promise<Result<Shown, TrimtabError>>;
export type Show = (deps: ShownDeps, reader: Reader, c: Context) => Asked;

const AUDIT_ROWS = 15;
/** Releases on the page of the history; `?rows=` asks for more. */
const RELEASES = 30;
const MOST_RELEASES = 200;
const LAST_RELEASES = 5;

const fleet: Show = async ({ operator }, reader, c) => {
  const environments = await operator.environments(c.req.raw.signal);
  return environments.ok ? ok({ title: reader.say('fleet'), body: fleetPage(reader, environments.value) }) : environments;
};
/** Pages of one environment; the others are told that there is none of this name. */
const inEnvironment =
  (show: (deps: ShownDeps, reader: Reader, c: Context, environment: EnvironmentAnswer) => Asked): Show =>
  async (deps, reader, c) => {
    const all = await deps.operator.environments(c.req.raw.signal);
    if (!all.ok) return all;
    const found = all.value.find(({ name }) => name === c.req.param('environment'));
    return found === undefined ? ok(missing(reader)) : show(deps, reader, c, found);
  };
const environment = inEnvironment(async ({ operator, machines }, reader, c, found) => {
  const { signal } = c.req.raw;
  const audit = await operator.audit({ environment: found.name, app: null }, AUDIT_ROWS, signal);
  const history = await operator.history(found.name, null, LAST_RELEASES, signal);
  // How things are is shown also while the store is away.
  const lists = { audit: audit.ok ? audit.value : [], releases: history.ok ? history.value.releases : [] };
  const view = { environment: found, machines, ...lists };
  return ok({ title: found.name, body: environmentPage(reader, view) });
});
const plan = inEnvironment(async ({ operator }, reader, c, found) => {
  const plans = await operator.plan({ environment: found.name, app: null }, c.req.raw.signal);
  return plans.ok ? ok({ title: `${found.name} ${reader.say('plan')}`, body: planPage(reader, found, plans.value), still: true }) : plans;
});
const releases = inEnvironment(async ({ operator }, reader, c, found) => {
  const rows = Math.min(Math.max(1, Number(c.req.query('rows')) || RELEASES), MOST_RELEASES);
  const history = await operator.history(found.name, null, rows, c.req.raw.signal);
  if (!history.ok) return history;
  return ok({ title: `${found.name} ${reader.say('releases')}`, body: historyPage(reader, found, history.value.releases, rows) });
});
const release = inEnvironment(async ({ operator, machines }, reader, c, found) => {
  const history = await operator.history(found.name, null, MOST_RELEASES, c.req.raw.signal);
  if (!history.ok) return history;
  const chosen = history.value.releases.find(({ number }) => String(number) === c.req.param('number'));
  if (chosen === undefined) return ok(missing(reader));
  return ok({ title: `${found.name} #${chosen.number}`, body: releasePage(reader, found, chosen, machines) });
});
const app = inEnvironment(async ({ operator, machines }, reader, c, found) => {
  const chosen = found.apps.find(({ name }) => name === c.req.param('app'));
  if (chosen === undefined) return ok(missing(reader));
  const audit = await operator.audit({ environment: found.name, app: chosen.app }, AUDIT_ROWS, c.req.raw.signal);
  const pins = found.pins.filter((pin) => pin.app === chosen.app);
  const override = found.overrides.find((one) => one.app === chosen.app) ?? null;
  const view = { app: chosen, machines: machines(found.name, chosen.app), audit: audit.ok ? audit.value : [], pins, override };
  return ok({ title: `${found.name}/${chosen.name}`, body: appPage(reader, view) });
});
/** Rows of its app among which its own are. */
const MACHINE_AUDIT_ROWS = 200;
const machine = inEnvironment(async ({ operator, machines }, reader, c, found) => {
  const chosen = found.apps.find(({ name }) => name === c.req.param('app'));
  const line = chosen === undefined ? undefined : machines(found.name, chosen.app)?.find(({ id }) => id === c.req.param('machine'));
  if (chosen === undefined || line === undefined) return ok(missing(reader));
  const audit = await operator.audit({ environment: found.name, app: chosen.app }, MACHINE_AUDIT_ROWS, c.req.raw.signal);
  const view = { app: chosen, machine: line, audit: audit.ok ? audit.value : [] };
  return ok({ title: `${found.name}/${chosen.name}/${line.name}`, body: machinePage(reader, view) });
});
const costOf = async (deps: ShownDeps, reader: Reader, c: Context, environment: string | null): Asked => {
  const { operator } = deps;
  const { signal } = c.req.raw;
  const month = c.req.query('month') ?? null;
  const answers = await operator.cost({ environment, month }, signal);
  if (!answers.ok) return answers;
  const days = await operator.costDays({ environment, month }, signal);
  if (!days.ok) return days;
  const advice = await operator.advise(environment, signal);
  if (!advice.ok) return advice;
  const view = { environment, answers: answers.value, days: days.value, advice: advice.value };
  return ok({ title: `${environment ?? ''} ${reader.say('cost')}`.trim(), body: costPage(reader, view), still: true });
};
const cost: Show = (deps, reader, c) => costOf(deps, reader, c, null);
const environmentCost = inEnvironment((deps, reader, c, { name }) => costOf(deps, reader, c, name));
const weeks: Show = async ({ operator }, reader, c) => {
  const now = await operator.weekRecord(null, c.req.raw.signal);
  if (!now.ok) return now;
  const all = await operator.weekRecords(c.req.raw.signal);
  if (!all.ok) return all;
  const others = all.value.filter(({ week }) => week !== now.value.week);
  return ok({ title: reader.say('weeks'), body: weeksPage(reader, [now.value, ...others]), still: true });
};
const week: Show = async ({ operator }, reader, c) => {
  const found = await operator.weekRecord(c.req.param('week') ?? null, c.req.raw.signal);
  if (!found.ok) return found.error.code === 'REQUEST_INVALID' ? ok(missing(reader)) : found;
  return ok({ title: `${reader.say('week')} ${found.value.week}`, body: weekPage(reader, found.value), still: true });
};
const nowhere: Show = (_deps, reader) => Promise.resolve(ok(missing(reader)));

export const missing = ({ say }: Reader): Shown => ({
  title: say('notFound'),
  body: html`<h1>${say('notFound')}</h1><p><a href="/">${say('fleet')}</a></p>`,
  status: 404,
});
export const showByPath: Readonly<Record<string, Show>> = {
  '/': fleet,
  '/environments/:environment': environment,
  '/environments/:environment/plan': plan,
  '/environments/:environment/releases': releases,
  '/environments/:environment/releases/:number': release,
  '/environments/:environment/cost': environmentCost,
  '/environments/:environment/apps/:app': app,
  '/environments/:environment/apps/:app/machines/:machine': machine,
  '/cost': cost,
  '/weeks': weeks,
  '/weeks/:week': week,
  '*': nowhere,
};
