/** What it costs: the month so far and where it goes, day by day, by app, against its budgets, and what could be saved. */
import { html } from 'hono/html';
import type { Proposal } from '#domain/advise.ts';
import { sharesBy, totalOf } from '#domain/ledger.ts';
import type { CostAnswer, DayCost } from '#engine/accounts.ts';
import type { BudgetView } from '#engine/budgets.ts';
import { act, card, dollars, grid, type Html, hidden, mark, monthly, percent, type Reader, time } from './parts.ts';
import { environmentPath } from './paths.ts';
import { budgetBar, dayBars, monthLine, SERIES } from './plot.ts';

export interface CostView {
  /** Null: everything. */
  readonly environment: string | null;
  readonly answers: readonly CostAnswer[];
  readonly days: readonly DayCost[];
  readonly advice: readonly Proposal[];
}
export function costPage(reader: Reader, { environment, answers, days, advice }: CostView): Html {
  const { say } = reader;
  const base = environment === null ? '/cost' : `${environmentPath(environment)}/cost`;
  const crumbs = environment === null ? '' : html`<p class="crumbs"><a href="${environmentPath(environment)}">${environment}</a></p>`;
  const month = answers[0]?.month ?? null;
  const steps = month === null ? html`` : monthSteps(reader, base, month);
  return html`${crumbs}<h1>${say('cost')} ${month ?? ''}</h1>${steps}
${answers.length === 0 ? html`<p class="dim">${say('noEnvironment')}</p>` : ''}
${answers.map((answer) =>
  organization(
    reader,
    environment,
    answer,
    days.filter((day) => day.organization === answer.organization),
  ),
)}
${adviceCard(reader, advice)}`;
}
function monthSteps({ say, now }: Reader, base: string, month: string): Html {
  const by = (months: number): string => {
    const [year = 0, number = 1] = month.split('-').map(Number);
    return new Date(Date.UTC(year, number - 1 + months)).toISOString().slice(0, 7);
  };
  const later = by(1) > new Date(now).toISOString().slice(0, 7) ? '' : html` · <a href="${base}?month=${by(1)}">${by(1)} →</a>`;
  return html`<p class="sub"><a href="${base}?month=${by(-1)}">← ${by(-1)}</a>${later} · ${say('utcMonths')}</p>`;
}
function organization(reader: Reader, environment: string | null, answer: CostAnswer, days: readonly DayCost[]): Html {
  const { say } = reader;
  const total = totalOf(answer.entries);
  const budgets = answer.budgets.filter(
    ({ environments }) => environment === null || environments === null || environments.includes(environment),
  );
  return html`<h2>${answer.organization}</h2>${facts(reader, answer, total)}
${card(say('monthPlot'), monthPlot(reader, environment, answer, days))}
${
  budgets.length === 0
    ? ''
    : card(
        say('budgets'),
        budgets.map((one) => budgetPart(reader, one)),
      )
}
${card(say('dayPlot'), dayPlot(reader, answer, days))}
${card(say('byApp'), shares(reader, answer, 'app'), dollars(total))}
${card(say('byItem'), shares(reader, answer, 'item'))}
${notes(reader, answer)}`;
}
function facts(reader: Reader, { summary }: CostAnswer, total: number): Html {
  const { say } = reader;
  const fact = (figure: Html | string, word: string): Html => html`<div class="fact"><b>${figure}</b><span>${word}</span></div>`;
  if (summary === null) return html`<div class="facts">${fact(dollars(total), say('monthTotal'))}</div>`;
  const { forecast, weekOverWeek, deploys, costPerDeploy } = summary;
  const range = `${dollars(forecast.low)} – ${dollars(forecast.high)}`;
  return html`<div class="facts">${fact(dollars(summary.monthToDate), say('monthToDate'))}${fact(dollars(forecast.amount), `${say('forecast')} · ${range}`)}${fact(monthly(summary.perHour), say('costNow'))}${fact(dollars(summary.today), say('today'))}${fact(dollars(summary.week), `${say('thisWeek')} · ${say('weekOverWeek')} ${percent(weekOverWeek, say)}`)}${fact(String(deploys), `${say('deploysOfWeek')} · ${costPerDeploy === null ? say('na') : dollars(costPerDeploy)} ${say('each')}`)}</div>`;
}
const DAY_MS = 86_400_000;
function monthPlot(
  reader: Reader,
  environment: string | null,
  { span, summary, budgets, entries }: CostAnswer,
  days: readonly DayCost[],
): Html {
  const { say, now } = reader;
  const columns = Math.round((span.to - span.from) / DAY_MS);
  let sum = 0;
  const points = days.map(({ day, amount }) => {
    sum += amount;
    const end = Date.parse(day) + DAY_MS;
    return { at: (Math.min(end, now) - span.from) / DAY_MS, amount: sum };
  });
  const limits = budgets
    .filter(({ environments }) => (environment === null ? environments === null : environments?.join() === environment))
    .map(({ name, amount }) => ({ label: name, amount }));
  const label = `${say('monthPlot')}: ${dollars(totalOf(entries))}${summary === null ? '' : `, ${say('forecast')} ${dollars(summary.forecast.amount)} (${dollars(summary.forecast.low)} – ${dollars(summary.forecast.high)})`}`;
  const basis =
    summary === null ? '' : html`<p class="dim">${say(summary.forecast.basis === 'pattern' ? 'basisPattern' : 'basisRate')}</p>`;
  return html`${monthLine(label, { columns, points, forecast: summary?.forecast ?? null, limits })}${basis}`;
}
/** The dearest apps by their colour, all others together. */
function dayPlot(reader: Reader, { entries, span }: CostAnswer, days: readonly DayCost[]): Html {
  const { say } = reader;
  const top = sharesBy(entries, 'app')
    .slice(0, SERIES - 1)
    .map(({ key }) => key);
  const bars = days.map(({ day, apps, amount }) => {
    const named = top.map((app) => apps.find((one) => one.app === app)?.amount ?? 0);
    return { day: Number(day.slice(8)), amounts: [...named, amount - named.reduce<number>((sum, one) => sum + one, 0)] };
  });
  const others = bars.some(({ amounts }) => (amounts.at(-1) ?? 0) > 0);
  const legend = [...top, ...(others ? [say('others')] : [])].map(
    (name, at) =>
      html`<li><svg class="plot key" viewBox="0 0 10 10" aria-hidden="true"><rect class="s${name === say('others') ? SERIES - 1 : at}" width="10" height="10" rx="2"/></svg> ${name}</li>`,
  );
  const rows = days.map(({ day, amount, apps }) => [
    day,
    dollars(amount),
    apps
      .slice(0, SERIES)
      .map(({ app, amount: part }) => `${app} ${dollars(part)}`)
      .join(', '),
  ]);
  const columns = Math.round((span.to - span.from) / DAY_MS);
  return html`${dayBars(say('dayPlot'), bars, columns)}<ul class="legend">${legend}</ul><details id="days"><summary>${say('asTable')}</summary>${grid([say('day'), `#${say('cost')}`, say('apps')], rows, say('dayPlot'))}</details>`;
}
const MOST_SHARES = 60;
function shares(reader: Reader, { entries, summary }: CostAnswer, dimension: 'app' | 'item'): Html {
  const { say } = reader;
  const all = sharesBy(entries, dimension);
  if (all.length === 0) return html`<p class="dim">${say('nothingCounted')}</p>`;
  const most = Math.max(1, ...all.map(({ amount }) => amount));
  const rows = all
    .slice(0, MOST_SHARES)
    .map(({ key, amount, guessed }) => [
      html`${key}${guessed ? html` <small>${say('estimate')}</small>` : ''}`,
      html`<svg class="plot share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="s0" width="${Math.max(0, Math.round((amount / most) * 1_000) / 10)}" height="8" rx="2"/></svg>`,
      dollars(amount),
    ]);
  const name = dimension === 'app' ? 'byApp' : 'byItem';
  const head = [say(dimension === 'app' ? 'app' : 'item'), say('share'), `#${summary === null ? say('cost') : say('monthToDate')}`];
  return html`${grid(head, rows, say(name), 'shares')}${all.length > MOST_SHARES ? html`<p class="dim">+ ${all.length - MOST_SHARES}</p>` : ''}`;
}
const TONES = { ok: 'good', warning: 'warn', critical: 'bad' } as const;
function budgetPart(reader: Reader, { name, amount, used, forecast, limits, state, acts, owners, weekOverWeek }: BudgetView): Html {
  const { say } = reader;
  const { level, reason, ackedBy, since } = state;
  const at = (percentage: number): number => (amount * percentage) / 100;
  const label = `${name}: ${dollars(used)} ${say('of')} ${dollars(amount)}, ${say('forecast')} ${dollars(forecast)}`;
  const bar = budgetBar(label, { amount, used, forecast, warning: at(limits.used), critical: at(limits.forecast), tone: TONES[level] });
  const told =
    level === 'ok'
      ? ''
      : html`<p>${reason} <small>${say('since')} ${time(since)}${owners.length === 0 ? '' : html` · ${say('owners')}: ${owners.map((one) => one.name).join(', ')}`}</small></p>`;
  const seen =
    ackedBy !== null
      ? html`<p class="dim">${say('ackedBy')} ${ackedBy}</p>`
      : level === 'ok'
        ? ''
        : act(reader, '/act/ack', say('ack'), hidden({ budget: name }), 'quiet');
  return html`<h3>${name} ${mark(TONES[level], level)} <small>${dollars(used)} / ${dollars(amount)} · ${say('forecast')} ${dollars(forecast)} · ${say('weekOverWeek')} ${percent(weekOverWeek, say)}</small></h3>${bar}${told}${acts.length === 0 ? '' : html`<ul>${acts.map((one) => html`<li><b>${one.environment}</b> ${one.act} <small>${one.reason}</small></li>`)}</ul>`}${seen}`;
}
/** A gap above it should be looked into. */
const GAP_WARNING = 0.05;
function notes(reader: Reader, { actual, unknown, lines, builds }: CostAnswer): Html {
  const { say } = reader;
  const parts = [
    ...(actual === null
      ? []
      : [
          html`<li class="${actual.gap !== null && Math.abs(actual.gap) > GAP_WARNING ? 'warn' : ''}">${say('dashboardFigure')} ${dollars(actual.amount)} <small>(${actual.by}, ${time(actual.at)})</small>, ${say('countedHere')} ${dollars(actual.estimate)}: ${percent(actual.gap, say)}</li>`,
        ]),
    ...lines.map(
      ({ label, amount, monthly: every, note, by }) =>
        html`<li>${label} ${dollars(amount)}${every ? say('perMonthShort') : ''} <small>${note} (${by})</small></li>`,
    ),
    ...(builds === 0 ? [] : [html`<li>${say('builds')} ${builds}</li>`]),
    ...unknown.map(({ item, why }) => html`<li class="dim">${item}: ${say('notKnown')} (${why})</li>`),
  ];
  return parts.length === 0 ? html`` : card(say('notes'), html`<ul>${parts}</ul>`);
}
const MOST_ADVICE = 20;
function adviceCard(reader: Reader, advice: readonly Proposal[]): Html {
  const { say } = reader;
  if (advice.length === 0) return html``;
  const rows = advice
    .slice(0, MOST_ADVICE)
    .map(({ what, saves, note, change, environment }) => [
      html`${environment === null ? '' : html`<small>${environment}</small> `}<b>${what}</b><br><small>${note}</small>`,
      html`<pre>${change}</pre>`,
      html`${dollars(saves)}<small>${say('perMonthShort')}</small>`,
    ]);
  return card(say('advice'), grid([say('what'), say('change'), `#${say('saves')}`], rows, say('advice')));
}
