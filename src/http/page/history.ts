/** What went out, by whom, how long it took, and what came of it; an operator goes back from here. */
import { html } from 'hono/html';
import type { Release } from '#domain/release.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import { card, foldedAct, grid, type Html, hidden, type Reader, reasonField, short, time } from './parts.ts';
import { environmentPath, releasePath } from './paths.ts';
import { KIND_WORDS, phaseBadge, tookOf } from './release.ts';

export function historyPage(reader: Reader, environment: EnvironmentAnswer, releases: readonly Release[], rows: number): Html {
  const { say } = reader;
  const { name } = environment;
  const older =
    releases.length < rows ? html`` : html`<p><a href="${environmentPath(name)}/releases?rows=${rows * 2}">${say('showOlder')}</a></p>`;
  return html`<p class="crumbs"><a href="${environmentPath(name)}">${name}</a></p><h1>${say('releases')}</h1>
${card(say('history'), [historyTable(reader, environment, releases), older])}
${reader.role === 'operator' ? '' : html`<p class="dim">${say('needsOperator')}</p>`}`;
}
export function historyTable(reader: Reader, environment: EnvironmentAnswer, releases: readonly Release[]): Html {
  const { say, now } = reader;
  if (releases.length === 0) return html`<p class="dim">${say('noRelease')}</p>`;
  const rows = releases.map((release) => {
    const { number, actor, author, commit, from, to, startedAt, failure, message, changes } = release;
    const why = failure === null ? message : `${failure.reason}: ${failure.message}`;
    return [
      html`<a href="${releasePath(release)}"><b>#${number}</b></a>`,
      html`${phaseBadge(reader, release)}${why === '' ? '' : html`<br><small>${why}</small>`}`,
      html`${say(KIND_WORDS[release.kind])}<br><small>${namesOf(changes)}</small>`,
      html`${actor}${author === null || author === actor ? '' : html`<br><small>${author}</small>`}`,
      html`${time(startedAt)}<br><small>${say('took')} ${tookOf(release, now)}</small>`,
      html`<code>${short(from)}</code> → <code>${short(to)}</code>${commit === null ? '' : html`<br><small>${say('commit')} <code>${short(commit)}</code></small>`}${goBack(reader, environment, release)}`,
    ];
  });
  const head = ['#', say('result'), say('what'), say('who'), say('time'), say('revision')].map((word, at) =>
    at === 0 ? say('number') : word,
  );
  return grid(head, rows, say('history'), 'history');
}
const MOST_NAMES = 6;
function namesOf(changes: Release['changes']): string {
  const names = changes.slice(0, MOST_NAMES).map(({ name, parts }) => (parts.length === 0 ? name : `${name} (${parts.join(', ')})`));
  return `${names.join(', ')}${changes.length > MOST_NAMES ? ` +${changes.length - MOST_NAMES}` : ''}`;
}
/** To what a release brought and proved; not to what stands already. */
function goBack(reader: Reader, { name, lastGood, apps }: EnvironmentAnswer, { number, phase, to, changes }: Release): Html {
  const { say } = reader;
  if (phase !== 'complete') return html``;
  if (to === lastGood) return html`<br><small>${say('standsNow')}</small>`;
  const known = new Set(apps.map((one) => one.name));
  const options = changes.filter((change) => known.has(change.name)).map((one) => html`<option value="${one.name}">${one.name}</option>`);
  const which = html`<select name="app" aria-label="${say('app')}"><option value="">${say('everyApp')}</option>${options}</select>`;
  const fields = html`${hidden({ environment: name, to: `#${number}` })}${which}${reasonField(reader)}`;
  return foldedAct(reader, `back-${number}`, '/act/rollback', say('goBackTo', { n: number }), fields, 'danger');
}
