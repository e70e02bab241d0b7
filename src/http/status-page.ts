/** One page that says whether all is well. No script, no request to anywhere; reloads itself. */
import type { AppStatus } from '#domain/condition.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import type { AuditEntry } from '#platform/store/port.ts';

const HOURS_PER_MONTH = 720;

export function statusPage(environments: readonly EnvironmentAnswer[], audit: readonly AuditEntry[], version: string, now: number): string {
  const body =
    environments.length === 0 ? '<p class="empty">No environment has been read yet.</p>' : environments.map(environmentHtml).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>trimtab</title><style>${CSS}</style></head><body>
<header><h1>trimtab</h1><span>${text(version)} · ${new Date(now).toISOString().slice(0, 19).replace('T', ' ')} UTC</span></header>
<main>${body}${auditHtml(audit)}</main></body></html>`;
}
function environmentHtml(environment: EnvironmentAnswer): string {
  const { name, organization, mode, accepted, lastGood, apps, problems, halted } = environment;
  const rate = apps.reduce((sum, { costLines }) => sum + costLines.reduce((all, { microUsdPerHour }) => all + microUsdPerHour, 0), 0);
  const well = apps.length > 0 && apps.every(isWell) && problems.length === 0;
  const problemRows = problems.map(
    (one) => `<li><code>${text(`${one.file}:${one.line}:${one.column}`)}</code> ${text(one.message)} <em>${text(one.remedy)}</em></li>`,
  );
  return `<section><h2><i class="dot ${well ? 'good' : 'warn'}"></i>${text(name)} <small>${text(organization ?? '')} · ${text(mode ?? '')}</small>
<span class="right">${dollars(rate * HOURS_PER_MONTH)}/month</span></h2>
<p class="meta">revision ${short(accepted)}${lastGood === accepted ? ' · everything as git says' : ` · last good ${short(lastGood)}`}</p>
${halted === null ? '' : `<p class="bad">Writes are stopped: ${text(halted)}</p>`}
${problemRows.length === 0 ? '' : `<div class="bad"><b>The newest desired state was refused:</b><ul>${problemRows.join('')}</ul></div>`}
<table><thead><tr><th>app</th><th>sync</th><th>health</th><th>machines</th><th>what is up</th><th class="num">$/month</th></tr></thead>
<tbody>${apps.map(appHtml).join('')}</tbody></table></section>`;
}
const isWell = ({ excluded, sync, health }: AppStatus): boolean =>
  excluded === true || (sync === 'Synced' && (health === 'Healthy' || health === 'Suspended'));
function appHtml(app: AppStatus): string {
  if (app.excluded === true)
    return `<tr><td><b>${text(app.name)}</b><br><small>${text(app.app)}</small></td><td colspan="5"><span class="badge">Excluded</span> <small>left alone on purpose</small></td></tr>`;
  const rate = app.costLines.reduce((sum, { microUsdPerHour }) => sum + microUsdPerHour, 0);
  return `<tr><td><b>${text(app.name)}</b><br><small>${text(app.app)}</small></td><td>${badge(app.sync)}</td><td>${badge(app.health)}</td>
<td>${app.groups.map(groupHtml).join('')}</td><td>${newsHtml(app)}</td><td class="num">${dollars(rate * HOURS_PER_MONTH)}</td></tr>`;
}
const groupHtml = ({ group, region, ready, started, states, desiredMin, desiredMax }: AppStatus['groups'][number]): string => {
  const total = Object.values(states).reduce((sum, count) => sum + count, 0);
  const wanted = desiredMin === desiredMax ? String(desiredMin) : `${desiredMin}–${desiredMax}`;
  return `<div>${text(group)} ${text(region)} <b>${total}</b>/${wanted} <small>${started} started, ${ready} ready</small></div>`;
};
function newsHtml({ conditions, drifts, pending, held }: AppStatus): string {
  const stalled = conditions
    .filter(({ type, status }) => type === 'Stalled' && status === 'true')
    .map(({ message }) => `<div class="bad">${text(message)}</div>`);
  const drifted = drifts.map(({ subject, pointer }) => `<div>drift: ${text(`${subject} ${pointer}`)}</div>`);
  const waits = held.map(({ reason, message }) => `<div>held (${text(reason)}): ${text(message)}</div>`);
  const next = pending.map(({ why }) => `<div>next: ${text(why)}</div>`);
  const all = [...stalled, ...drifted, ...waits, ...next];
  return all.length === 0 ? '<small>nothing</small>' : all.slice(0, 8).join('');
}
function auditHtml(audit: readonly AuditEntry[]): string {
  if (audit.length === 0) return '';
  const rows = audit.map(
    ({ at, environment, app, what, from, to, why, result }) =>
      `<tr><td>${new Date(at).toISOString().slice(11, 19)}</td><td>${text(environment)}/${text(app ?? '')}</td><td>${text(what)}${from === null && to === null ? '' : `<br><small>${text(from ?? '–')} → ${text(to ?? '–')}</small>`}</td><td>${text(why)}</td><td>${text(result)}</td></tr>`,
  );
  return `<section><h2>Lately</h2><table><thead><tr><th>time</th><th>app</th><th>what</th><th>why</th><th>result</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`;
}
const badge = (word: string): string =>
  `<span class="badge ${GOOD.includes(word) ? 'good' : word === 'Progressing' || word === 'OutOfSync' ? 'warn' : 'bad'}">${text(word)}</span>`;
const GOOD: readonly string[] = ['Synced', 'Healthy', 'Suspended'];
const short = (id: string | null): string => (id === null ? 'none' : `<code>${text(id.slice(0, 12))}</code>`);
const dollars = (micro: number): string => `$${(micro / 1_000_000).toFixed(2)}`;
const text = (raw: string): string => raw.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const CSS = `:root{color-scheme:light dark;--fg:#1c2430;--dim:#67718a;--bg:#f6f7f9;--card:#fff;--line:#e3e6ec;--good:#1a7f4b;--warn:#a86400;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--fg:#e6e9ef;--dim:#98a2b8;--bg:#12161d;--card:#1a2029;--line:#2a323f;--good:#4cc38a;--warn:#f0b040;--bad:#ff7b72}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
header{display:flex;align-items:baseline;gap:1rem;padding:1rem 2rem;border-bottom:1px solid var(--line)}header h1{font-size:1.2rem;margin:0}header span{color:var(--dim)}
main{max-width:1200px;margin:0 auto;padding:1.5rem 2rem}section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.25rem;margin-bottom:1.5rem;overflow-x:auto}
h2{font-size:1.05rem;margin:0;display:flex;align-items:center;gap:.5rem}h2 small,.meta,small{color:var(--dim);font-weight:400}.right{margin-left:auto;font-weight:500}
table{width:100%;border-collapse:collapse;margin-top:.75rem}th{text-align:left;font-weight:500;color:var(--dim);font-size:.85rem}td,th{padding:.45rem .6rem .45rem 0;border-top:1px solid var(--line);vertical-align:top}thead th{border-top:0}
.num{text-align:right;font-variant-numeric:tabular-nums}.badge{padding:.05rem .5rem;border-radius:1rem;border:1px solid currentColor;font-size:.82rem;white-space:nowrap}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.dot{width:.7rem;height:.7rem;border-radius:50%;background:currentColor;display:inline-block}.meta{margin:.25rem 0 0}.empty{color:var(--dim)}code{font-size:.9em}`;
