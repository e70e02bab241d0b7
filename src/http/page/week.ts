/** The weekly record: what the week cost and what happened, and the checklist that people sign. */
import { html } from 'hono/html';
import { CHECKLIST_TITLES } from '#domain/checklist.ts';
import type { CheckedItem, OrganizationWeek, WeekRecord } from '#engine/week-record.ts';
import { act, card, dollars, grid, type Html, hidden, mark, percent, type Reader, time } from './parts.ts';

export function weeksPage(reader: Reader, records: readonly WeekRecord[]): Html {
  const { say } = reader;
  const rows = records.map((record) => [
    html`<a href="/weeks/${record.week}"><b>${record.week}</b></a>${record.finished ? '' : html` <small>${say('goesOn')}</small>`}`,
    dollars(record.organizations.reduce((sum, { cost }) => sum + cost, 0)),
    html`${record.organizations.map(({ weekOverWeek }) => percent(weekOverWeek, say)).join(', ')}`,
    String(record.deploys),
    html`${record.releases}${record.failedReleases === 0 ? '' : html` <span class="bad">+${record.failedReleases}</span>`}`,
    String(record.driftCorrected),
    `${record.checklist.filter(({ signed }) => signed !== null).length}/${record.checklist.length}`,
  ]);
  const words = ['week', 'cost', 'weekOverWeek', 'deploys', 'releases', 'driftCorrected', 'signed'] as const;
  const head = words.map((word, at) => (at > 0 ? `#${say(word)}` : say(word)));
  return html`<h1>${say('weeks')}</h1>${card(say('weeks'), grid(head, rows, say('weeks')))}`;
}
export function weekPage(reader: Reader, record: WeekRecord): Html {
  const { say } = reader;
  const facts = [
    [String(record.deploys), say('deploys')],
    [String(record.releases), say('releasesComplete')],
    [String(record.failedReleases), say('releasesFailed')],
    [String(record.driftCorrected), say('driftCorrected')],
  ] as const;
  return html`<p class="crumbs"><a href="/weeks">${say('weeks')}</a></p><h1>${say('week')} ${record.week} ${record.finished ? '' : mark('dim', say('goesOn'))}</h1>
<div class="facts">${facts.map(([figure, word]) => html`<div class="fact"><b>${figure}</b><span>${word}</span></div>`)}</div>
${record.organizations.map((one) => organizationCard(reader, one))}
${checklistCard(reader, record)}`;
}
function organizationCard(
  reader: Reader,
  { organization, cost, before, weekOverWeek, monthToDate, forecast, actual, budgets }: OrganizationWeek,
): Html {
  const { say } = reader;
  const pairs = [
    [
      say('costOfWeek'),
      html`<b>${dollars(cost)}</b> <small>${say('weekBefore')}: ${before === null ? say('na') : dollars(before)}</small>`,
    ],
    [say('weekOverWeek'), percent(weekOverWeek, say)],
    [say('monthToDate'), dollars(monthToDate)],
    [say('forecast'), html`${dollars(forecast.amount)} <small>${dollars(forecast.low)} – ${dollars(forecast.high)}</small>`],
    [
      say('dashboardFigure'),
      actual === null ? say('na') : html`${dollars(actual.amount)} <small>${percent(actual.gap, say)} · ${actual.by}</small>`,
    ],
    ...budgets.map(
      (one) =>
        [
          `${say('budget')} ${one.name}`,
          html`${mark(toneOfLevel(one.level), one.level)} ${dollars(one.used)} / ${dollars(one.amount)}`,
        ] as const,
    ),
  ] as const;
  return card(organization, html`<dl class="pairs">${pairs.map(([word, what]) => html`<dt>${word}</dt><dd>${what}</dd>`)}</dl>`);
}
const toneOfLevel = (level: string): 'good' | 'warn' | 'bad' => (level === 'ok' ? 'good' : level === 'warning' ? 'warn' : 'bad');
function checklistCard(reader: Reader, { week, checklist }: WeekRecord): Html {
  const { say, language } = reader;
  const rows = checklist.map(({ item, evidence, signed }) => [
    html`<b>${CHECKLIST_TITLES[language][item]}</b>`,
    evidence,
    signed === null
      ? signForm(reader, week, item)
      : html`${mark('good', signed.by)}<br><small>${time(signed.at)}</small><br>${signed.note}`,
  ]);
  return card(
    say('checklist'),
    [
      grid([say('check'), say('evidence'), say('signed')], rows, say('checklist')),
      reader.role === 'operator' ? '' : html`<p class="dim">${say('needsOperator')}</p>`,
    ].map((one) => html`${one}`),
  );
}
function signForm(reader: Reader, week: string, item: CheckedItem['item']): Html {
  const { say, language, role } = reader;
  if (role !== 'operator') return html`<span class="dim">${say('notSigned')}</span>`;
  const label = `${say('note')}: ${CHECKLIST_TITLES[language][item]}`;
  const note = html`<input name="note" aria-label="${label}" placeholder="${say('note')}" maxlength="500">`;
  return act(reader, '/act/sign', say('sign'), html`${hidden({ week, item })}${note}`);
}
