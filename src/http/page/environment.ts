/** One environment: what runs of it, what waits, what it did lately. */
import { html } from 'hono/html';
import { HOLD_REASONS } from '#domain/plan.ts';
import type { Release } from '#domain/release.ts';
import type { AppPlan, EnvironmentAnswer } from '#engine/operator.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import { appsTable, haltForm, isWell, rateOf, troubles } from './fleet.ts';
import { historyTable } from './history.ts';
import { act, badge, card, grid, type Html, hidden, monthly, type Reader, short, span, time, value } from './parts.ts';
import { appPath, environmentPath } from './paths.ts';
import { type MachinesOf, releaseCard, waitsForPerson } from './release.ts';
import { steerCard } from './steer.ts';

export interface EnvironmentView {
  readonly environment: EnvironmentAnswer;
  /** Newest first. */
  readonly releases: readonly Release[];
  readonly machines: MachinesOf;
  readonly audit: readonly AuditEntry[];
}
export function environmentPage(reader: Reader, { environment, releases, machines, audit }: EnvironmentView): Html {
  const { say } = reader;
  const { name, organization, mode, accepted, lastGood, commit, apps, release } = environment;
  const well = apps.length > 0 && apps.every(isWell) && environment.problems.length === 0;
  const settled = lastGood === accepted ? say('everythingAsGit') : html`${say('lastGood')} <code>${short(lastGood)}</code>`;
  const rate = apps.reduce((sum, app) => sum + rateOf(app), 0);
  const path = environmentPath(name);
  return html`<h1>${name} ${well ? badge('Synced') : badge('OutOfSync')}</h1>
<p class="sub">${organization ?? ''} · ${mode ?? ''} · ${say('revision')} <code>${short(accepted)}</code>${commit === null ? '' : html` (${say('commit')} <code>${short(commit)}</code>)`} · ${settled}</p>
<nav class="sub" aria-label="${name}"><a href="${path}/plan">${say('plan')}</a> · <a href="${path}/releases">${say('releases')}</a> · <a href="${path}/cost">${say('cost')}</a></nav>
${troubles(reader, environment)}
${waiting(reader, environment)}
${release === null ? '' : releaseCard(reader, environment, release, machines)}
${card(say('apps'), appsTable(reader, apps, say('apps')), html`${monthly(rate)}<small>${say('perMonthShort')}</small>`)}
${driftCard(reader, environment)}
${steerCard(reader, environment)}
${releases.length === 0 ? '' : card(html`<a href="${path}/releases">${say('history')}</a>`, historyTable(reader, environment, releases))}
${audit.length === 0 ? '' : card(say('audit'), auditTable(reader, audit))}
${haltForm(reader, name, environment.halted !== null)}`;
}
/** A person is waited for: the plan is looked at first, and approved as it was seen. */
function waiting(reader: Reader, environment: EnvironmentAnswer): Html {
  const { say } = reader;
  // The card of a release that waits says so itself.
  if (environment.release?.hold != null || !waitsForPerson(environment)) return html``;
  const held = environment.apps.flatMap((app) => app.held.filter(({ reason }) => PERSON.includes(reason)).map((one) => ({ app, one })));
  const list = held.slice(0, MOST_HELD).map(({ app, one }) => html`<li><b>${app.name}</b> ${one.message}</li>`);
  return html`<div class="note warn"><p><b>${say('waitsForYou')}</b></p><ul>${list}</ul><p><a class="button" href="${environmentPath(environment.name)}/plan">${say('lookAndApprove')}</a></p></div>`;
}
const PERSON: readonly string[] = ['ApprovalRequired', 'MassChange', 'BudgetGate'];
const MOST_HELD = 10;
const MOST_DRIFTS = 50;
/** Everything that differs, the oldest first. */
function driftCard({ say, now }: Reader, { apps }: EnvironmentAnswer): Html {
  const all = apps.flatMap((app) => app.drifts.map((drift) => ({ app, drift }))).sort((a, b) => a.drift.firstSeen - b.drift.firstSeen);
  if (all.length === 0) return html``;
  const rows = all
    .slice(0, MOST_DRIFTS)
    .map(({ app, drift }) => [
      html`<a href="${appPath(app)}">${app.name}</a><br><small>${drift.subject}</small>`,
      html`<code>${drift.pointer}</code>`,
      html`<code>${value(drift.from)}</code> → <code>${value(drift.to)}</code>`,
      html`<span title="${new Date(drift.firstSeen).toISOString()}">${span(now - drift.firstSeen)}</span>`,
      drift.correctedAt === null
        ? say('notByItself')
        : drift.correctedAt <= now
          ? say('atOnce')
          : html`${say('in')} ${span(drift.correctedAt - now)}`,
    ]);
  const more = all.length > rows.length ? html`<p class="dim">+ ${all.length - rows.length}</p>` : html``;
  return card(say('drift'), [
    grid([say('app'), say('field'), `${say('is')} → ${say('mustBe')}`, say('age'), say('corrected')], rows, say('drift')),
    more,
  ]);
}
export function auditTable({ say }: Reader, audit: readonly AuditEntry[]): Html {
  const rows = audit.map(({ at, actor, app, what, from, to, why, result }) => [
    time(at),
    actor,
    html`${app ?? ''} ${what}${from === null && to === null ? '' : html`<br><small><code>${value(from ?? undefined)}</code> → <code>${value(to ?? undefined)}</code></small>`}`,
    why,
    result,
  ]);
  return grid([say('time'), say('who'), say('what'), say('why'), say('result')], rows, say('audit'));
}
/** All of it, wave by wave; who approves says yes to exactly this. */
export function planPage(reader: Reader, environment: EnvironmentAnswer, plans: readonly AppPlan[]): Html {
  const { say } = reader;
  const { name } = environment;
  const hash = plans.find(({ approves }) => approves !== undefined)?.approves ?? null;
  const made = plans.flatMap(({ plan }) => plan ?? []);
  const sum = (key: keyof (typeof made)[number]['cost']): number => made.reduce((total, { cost }) => total + cost[key], 0);
  const line = (word: string, before: number, after: number): Html =>
    html`<dt>${word}</dt><dd>${monthly(before)} → <b>${monthly(after)}</b>${say('perMonthShort')} <small>${after >= before ? '+' : '−'}${monthly(Math.abs(after - before))}</small></dd>`;
  const asked = plans.some(({ plan }) => plan?.held.some(({ reason }) => PERSON.includes(reason)) === true);
  const waits = asked || waitsForPerson(environment);
  const form = waits
    ? html`<p><b>${say('waitsForYou')}</b></p>${act(reader, '/act/approve', say('approvePlan'), hidden({ environment: name, plan: hash }))}<p class="dim">${say(reader.role === 'operator' ? 'approveHelp' : 'needsOperator')}</p>`
    : html`<p class="dim">${say(made.some(({ waves, held }) => waves.length + held.length > 0) ? 'needsNobody' : 'planNothing')}</p>`;
  const summary = html`<dl class="pairs">${hash === null ? '' : html`<dt>${say('hash')}</dt><dd><code>${hash}</code></dd>`}${line(say('costExpected'), sum('beforePerHour'), sum('afterPerHour'))}${line(say('costAlwaysOn'), sum('alwaysOnBeforePerHour'), sum('alwaysOnAfterPerHour'))}</dl>`;
  const [busy, idle] = [plans.filter((one) => !isIdle(one)), plans.filter(isIdle)];
  return html`<p class="crumbs"><a href="${environmentPath(name)}">${name}</a></p><h1>${say('plan')}</h1>
${card(say('together'), html`${summary}${form}`)}
${busy.map((one) => planCard(reader, one))}
${idle.length === 0 ? '' : html`<p class="dim">${say('planNothing')} ${idle.map((one) => one.name).join(', ')}</p>`}`;
}
const isIdle = ({ plan }: AppPlan): boolean => plan !== null && plan.waves.length === 0 && plan.held.length === 0;
function planCard({ say }: Reader, { name, plan, error }: AppPlan): Html {
  if (error !== null || plan === null)
    return card(
      name,
      html`<div class="note bad"><p><b>${error?.code ?? ''}</b> ${error?.message ?? ''}</p><p>${error?.remedy ?? ''}</p></div>`,
    );
  const cost = html`${monthly(plan.cost.beforePerHour)} → ${monthly(plan.cost.afterPerHour)}<small>${say('perMonthShort')}</small>`;
  const rows = plan.waves.flatMap(({ steps }, at) =>
    steps.map(({ why, cause, fields, downtime, restarts }) => [
      String(at + 1),
      html`${why}<br><small>${cause}${downtime ? html` · <b class="bad">${say('downtime')}</b>` : ''}${restarts ? ` · ${say('restarts')}` : ''}</small>`,
      html`<span class="lines">${fields.map(fieldLine)}</span>`,
    ]),
  );
  const held = plan.held.map(
    ({ reason, message, change }) =>
      html`<li><b>${reason}</b> ${message}${change === null ? '' : html`<span class="lines">${change.fields.map(fieldLine)}</span>`}<br><small>${HOLD_REASONS[reason]}</small></li>`,
  );
  return card(
    name,
    [
      rows.length === 0 ? html`` : grid([say('wave'), say('what'), say('field')], rows, say('plan')),
      held.length === 0 ? html`` : html`<p><b>${say('held')}</b></p><ul>${held}</ul>`,
    ],
    cost,
  );
}
const fieldLine = ({ pointer, from, to }: { readonly pointer: string; readonly from?: unknown; readonly to?: unknown }): Html =>
  html`<span><code>${pointer}</code>: <code>${value(from)}</code> → <code>${value(to)}</code></span>`;
