/** One environment: what runs of it, what waits, what it did lately. */
import { html } from 'hono/html';
import type { AppPlan, EnvironmentAnswer } from '#engine/operator.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import { appsTable, environmentPath, haltForm, isWell, rateOf, troubles } from './fleet.ts';
import { act, badge, card, grid, type Html, monthly, type Reader, short, time, value } from './parts.ts';

export interface EnvironmentView {
  readonly environment: EnvironmentAnswer;
  readonly audit: readonly AuditEntry[];
  /** Cards that other parts of trimtab add: releases, cost. */
  readonly more: readonly Html[];
}
export function environmentPage(reader: Reader, { environment, audit, more }: EnvironmentView): Html {
  const { say } = reader;
  const { name, organization, mode, accepted, lastGood, commit, apps } = environment;
  const well = apps.length > 0 && apps.every(isWell) && environment.problems.length === 0;
  const settled = lastGood === accepted ? say('everythingAsGit') : html`${say('lastGood')} <code>${short(lastGood)}</code>`;
  const rate = apps.reduce((sum, app) => sum + rateOf(app), 0);
  return html`<h1>${name} ${well ? badge('Synced') : badge('OutOfSync')}</h1>
<p class="sub">${organization ?? ''} · ${mode ?? ''} · ${say('revision')} <code>${short(accepted)}</code>${commit === null ? '' : html` (${say('commit')} <code>${short(commit)}</code>)`} · ${settled}</p>
${troubles(reader, environment)}
${card(say('apps'), [appsTable(reader, apps, say('apps')), waiting(reader, environment)], html`${monthly(rate)}<small>${say('perMonthShort')}</small>`)}
${more}
${audit.length === 0 ? '' : card(say('audit'), auditTable(reader, audit))}
${haltForm(reader, name, environment.halted !== null)}`;
}
/** The plan that waits for a person. */
function waiting(reader: Reader, { name, apps }: EnvironmentAnswer): Html {
  const { say } = reader;
  const waits = apps.some(({ held }) =>
    held.some(({ reason }) => reason === 'ApprovalRequired' || reason === 'MassChange' || reason === 'BudgetGate'),
  );
  const plan = html`<p><a href="${environmentPath(name)}/plan">${say('showPlan')}</a></p>`;
  if (!waits) return plan;
  const fields = html`<input type="hidden" name="environment" value="${name}"><span class="dim">${say('approveHelp')}</span>`;
  return html`${plan}${act(reader, '/act/approve', say('approve'), fields)}${reader.role === 'operator' ? '' : html`<p class="dim">${say('needsOperator')}</p>`}`;
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
export function planPage(reader: Reader, name: string, plans: readonly AppPlan[]): Html {
  const { say } = reader;
  return html`<p class="crumbs"><a href="${environmentPath(name)}">${name}</a></p><h1>${say('plan')}</h1>${plans.map((one) => planCard(reader, one))}`;
}
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
      html`<span class="lines">${fields.map(({ pointer, from, to }) => html`<span><code>${pointer}</code>: <code>${value(from)}</code> → <code>${value(to)}</code></span>`)}</span>`,
    ]),
  );
  const held = plan.held.map(({ reason, message }) => html`<li><b>${reason}</b> ${message}</li>`);
  const nothing = rows.length === 0 && held.length === 0;
  return card(
    name,
    [
      nothing
        ? html`<p class="dim">${say('planNothing')}</p>`
        : rows.length === 0
          ? html``
          : grid([`#${say('wave')}`, say('what'), say('field')], rows, say('plan')),
      held.length === 0 ? html`` : html`<p><b>${say('held')}</b></p><ul>${held}</ul>`,
    ],
    cost,
  );
}
