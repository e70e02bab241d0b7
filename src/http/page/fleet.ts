/** Everything at a glance: is all well, and where not? */
import { html } from 'hono/html';
import type { AppStatus } from '#domain/condition.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import { act, badge, card, grid, type Html, monthly, type Reader, short, span } from './parts.ts';
import { appPath, environmentPath, releasePath } from './paths.ts';
import { phaseBadge } from './release.ts';

export const isWell = ({ excluded, sync, health }: AppStatus): boolean =>
  excluded === true || (sync === 'Synced' && (health === 'Healthy' || health === 'Suspended'));
export const rateOf = ({ costLines }: AppStatus): number => costLines.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

export function fleetPage(reader: Reader, environments: readonly EnvironmentAnswer[]): Html {
  const { say } = reader;
  const apps = environments.flatMap((one) => one.apps);
  const ill = apps.filter((one) => !isWell(one)).length;
  const verdict = ill === 0 ? say('allWell') : say('notWell', { n: ill, m: apps.length });
  return html`<h1 class="${ill === 0 ? '' : 'warn'}">${verdict}</h1><p class="sub">${environments.length} ${say('environments').toLowerCase()} · ${apps.length} ${say('apps').toLowerCase()}</p>
<div class="facts"><div class="fact"><b>${apps.length - ill}/${apps.length}</b><span>${say('appsSynced')}</span></div><div class="fact"><b>${sum(apps.map(({ drifts }) => drifts.length))}</b><span>${say('drifting')}</span></div><div class="fact"><b>${monthly(sum(apps.map(rateOf)))}</b><span>${say('costNow')}</span></div></div>
${environments.length === 0 ? html`<p class="dim">${say('noEnvironment')}</p>` : environments.map((one) => environmentCard(reader, one))}
${environments.length === 0 ? '' : haltEverything(reader, environments)}`;
}
function haltEverything(reader: Reader, environments: readonly EnvironmentAnswer[]): Html {
  return haltForm(
    reader,
    '*',
    environments.every(({ halted }) => halted !== null),
  );
}
/** Folded away: nobody stops everything by a slip of the hand. */
export function haltForm(reader: Reader, scope: string, halted: boolean): Html {
  const { say, role } = reader;
  if (role !== 'operator') return html``;
  const hidden = html`<input type="hidden" name="scope" value="${scope}">`;
  if (halted) return act(reader, '/act/unhalt', say('unhalt'), hidden);
  const reason = html`${hidden}<input name="reason" aria-label="${say('reasonFor')}" placeholder="${say('reasonFor')}" required maxlength="200">`;
  return html`<details id="halt"><summary>${say('halt')} …</summary>${act(reader, '/act/halt', say('halt'), reason, 'danger')}</details>`;
}
function environmentCard(reader: Reader, one: EnvironmentAnswer): Html {
  const { say } = reader;
  const title = html`<a href="${environmentPath(one.name)}">${one.name}</a> <small>${one.organization ?? ''} · ${one.mode ?? ''} · ${say('revision')} <code>${short(one.accepted)}</code></small>${one.release === null ? '' : html` <a href="${releasePath(one.release)}">${say('release')} #${one.release.number}</a> ${phaseBadge(reader, one.release)}`}`;
  return card(
    title,
    [...troubles(reader, one), appsTable(reader, one.apps, one.name)],
    html`${monthly(sum(one.apps.map(rateOf)))}<small>${say('perMonthShort')}</small>`,
  );
}
/** What stands above everything else of an environment. */
export function troubles({ say }: Reader, { halted, problems, warnings }: EnvironmentAnswer): readonly Html[] {
  const list = (all: EnvironmentAnswer['problems']): Html =>
    html`<ul>${all.map(({ file, line, column, message, remedy }) => html`<li><code>${file}:${line}:${column}</code> ${message} <small>${remedy}</small></li>`)}</ul>`;
  return [
    ...(halted === null ? [] : [html`<div class="note bad"><p><b>${say('stopped')}:</b> ${halted}</p></div>`]),
    ...(problems.length === 0 ? [] : [html`<div class="note bad"><p><b>${say('refused')}</b></p>${list(problems)}</div>`]),
    ...(warnings.length === 0 ? [] : [html`<div class="note warn">${list(warnings)}</div>`]),
  ];
}
/** A table where it can be read; of a long list only what needs a look, and the names of the others. */
export function appsTable(reader: Reader, apps: readonly AppStatus[], caption: string): Html {
  if (apps.length <= MOST_ROWS) return rowsOf(reader, apps, caption);
  const ill = apps.filter((app) => !isWell(app));
  const well = apps.filter(isWell);
  const names = well.map((app) => html`<a href="${appPath(app)}">${app.name}</a> `);
  return html`${ill.length === 0 ? '' : rowsOf(reader, ill.slice(0, MOST_ROWS), caption)}${ill.length > MOST_ROWS ? html`<p class="warn">+ ${ill.length - MOST_ROWS}</p>` : ''}<details id="well-${caption}" open><summary>${well.length} ${reader.say('asGit')}</summary><p class="names">${names}</p></details>`;
}
const MOST_ROWS = 100;
function rowsOf(reader: Reader, apps: readonly AppStatus[], caption: string): Html {
  const { say } = reader;
  const head = [say('app'), say('sync'), say('health'), say('machines'), say('now'), `#${say('perMonth')}`];
  return grid(
    head,
    apps.map((app) => [
      html`<a href="${appPath(app)}"><b>${app.name}</b></a><br><small>${app.app}</small>`,
      app.excluded === true ? badge('Excluded') : badge(app.sync),
      app.excluded === true ? '' : badge(app.health),
      html`<span class="lines">${app.groups.map((group) => groupLine(say, group))}</span>`,
      newsOf(reader, app),
      monthly(rateOf(app)),
    ]),
    caption,
    'apps',
  );
}
function groupLine(say: Reader['say'], group: AppStatus['groups'][number]): Html {
  const total = sum(Object.values(group.states));
  const wanted = group.desiredMin === group.desiredMax ? String(group.desiredMin) : `${group.desiredMin}–${group.desiredMax}`;
  return html`<span>${group.group} ${group.region} <b>${total}</b>/${wanted} <small>${group.ready} ${say('ready')}</small></span>`;
}
/** The few most important things; the app's own page has all. */
function newsOf({ say, now }: Reader, { conditions, drifts, held, pending }: AppStatus): Html {
  const stalled = conditions.filter(({ type, status }) => (type === 'Stalled' || type === 'Overridden') && status === 'true');
  const news = [
    ...stalled.map(({ message }) => html`<span class="bad">${message}</span>`),
    ...drifts.map(
      ({ subject, pointer, firstSeen }) =>
        html`<span>${say('drift')}: ${subject} <code>${pointer}</code> <small>${span(now - firstSeen)}</small></span>`,
    ),
    ...held.map(({ message }) => html`<span>${say('held')}: ${message}</span>`),
    ...pending.map(({ why }) => html`<span>${why}</span>`),
  ];
  return news.length === 0 ? html`<small>${say('nothing')}</small>` : html`<span class="lines">${news.slice(0, 3)}</span>`;
}
