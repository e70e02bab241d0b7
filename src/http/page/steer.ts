/** What people said about an environment's releases, and may say: pause and go on, lift pins, end overrides. */
import { html } from 'hono/html';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import { act, card, foldedAct, grid, type Html, hidden, type Reader, reasonField, span, time } from './parts.ts';

export function steerCard(reader: Reader, environment: EnvironmentAnswer): Html {
  const { say } = reader;
  const parts = [pauseOf(reader, environment), pinsOf(reader, environment), overridesOf(reader, environment)].filter((one) => one !== null);
  return parts.length === 0 ? html`` : card(say('byPeople'), parts);
}
const PAUSES: readonly number[] = [1, 4, 8, 24, 72, 168];
function pauseOf(reader: Reader, { name, pause }: EnvironmentAnswer): Html | null {
  const { say } = reader;
  if (pause !== null)
    return html`<div class="note warn"><p><b>${say('paused')}</b> ${say('until')} ${time(pause.until)}: ${pause.reason} <small>(${pause.by}, ${time(pause.since)})</small></p>${act(reader, '/act/resume', say('resume'), hidden({ environment: name }))}</div>`;
  if (reader.role !== 'operator') return null;
  const hours = html`<select name="hours" aria-label="${say('howLong')}">${PAUSES.map((one) => html`<option value="${one}">${span(one * 3_600_000)}</option>`)}</select>`;
  return foldedAct(reader, 'pause', '/act/pause', say('pause'), html`${hidden({ environment: name })}${hours}${reasonField(reader)}`);
}
function pinsOf(reader: Reader, { name, pins, apps }: EnvironmentAnswer): Html | null {
  const { say, now } = reader;
  if (pins.length === 0) return null;
  const nameOf = (app: string): string => apps.find((one) => one.app === app)?.name ?? app;
  const rows = pins.map(({ app, image, changed, instead, release, by, reason, at, secrets }) => [
    html`<b>${nameOf(app)}</b>${release === null ? '' : html`<br><small>${say('release')} #${release}</small>`}`,
    html`<span class="lines">${changed.map((part) => html`<span>${part}${part === 'image' ? html` <code>${image}</code>` : ''}</span>`)}${Object.keys(secrets).map((one) => html`<span>${one}</span>`)}</span>`,
    reason,
    html`${by}<br><small>${span(now - at)} ${say('ago')}</small>`,
    instead === null
      ? act(reader, '/act/retry', say('retry'), hidden({ environment: name, app: nameOf(app) }), 'quiet')
      : say('byRollback'),
  ]);
  return html`<h3>${say('pinned')}</h3><p class="dim">${say('pinnedHelp')}</p>${grid([say('app'), say('what'), say('why'), say('who'), say('retry')], rows, say('pinned'))}`;
}
function overridesOf(reader: Reader, { name, overrides, apps }: EnvironmentAnswer): Html | null {
  const { say } = reader;
  if (overrides.length === 0) return null;
  const rows = overrides.map(({ app, image, group, count, vm, reason, by, until }) => [
    html`<b>${apps.find((one) => one.app === app)?.name ?? app}</b>${group === null ? '' : ` ${group}`}`,
    [
      ...(image === null ? [] : [image.reference]),
      ...(count === null ? [] : [`${count.machines} ${count.region ?? ''}`.trim()]),
      ...(vm === null ? [] : [`${vm.cpu_kind} ${vm.cpus} × ${vm.memory_mb} MB`]),
    ].join(', '),
    reason,
    html`${by}<br><small>${say('until')} ${time(until)}</small>`,
    act(reader, '/act/end-override', say('endOverride'), hidden({ environment: name, app }), 'quiet'),
  ]);
  return html`<h3>${say('overridden')}</h3>${grid([say('app'), say('what'), say('why'), say('who'), say('endOverride')], rows, say('overridden'))}`;
}
