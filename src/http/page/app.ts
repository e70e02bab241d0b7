/** One app: every condition with its remedy, every difference field by field, its machines, its secrets. */
import { html } from 'hono/html';
import type { AppStatus } from '#domain/condition.ts';
import type { Pin } from '#domain/pins.ts';
import type { Override } from '#domain/release-book.ts';
import type { MachineLine } from '#engine/machine-lines.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import { auditTable } from './environment.ts';
import { rateOf } from './fleet.ts';
import { act, badge, card, grid, type Html, hidden, mark, monthly, type Reader, short, span, time, value } from './parts.ts';
import { environmentPath, machinePath } from './paths.ts';

export interface AppView {
  readonly app: AppStatus;
  /** Null: another controller looks after it. */
  readonly machines: readonly MachineLine[] | null;
  readonly audit: readonly AuditEntry[];
  /** Content of this app that is not tried again. */
  readonly pins: readonly Pin[];
  readonly override: Override | null;
}
export function appPage(reader: Reader, { app, machines, audit, pins, override }: AppView): Html {
  const { say } = reader;
  return html`<p class="crumbs"><a href="${environmentPath(app.environment)}">${app.environment}</a></p>
<h1>${app.name} ${app.excluded === true ? badge('Excluded') : html`${badge(app.sync)} ${badge(app.health)}`}</h1>
<p class="sub"><code>${app.app}</code> · ${say('revision')} <code>${short(app.appliedRevision)}</code>${app.attemptedRevision === app.appliedRevision ? '' : html` → <code>${short(app.attemptedRevision)}</code>`} · ${monthly(rateOf(app))}${say('perMonthShort')}${app.observedAt === null ? '' : html` · ${say('seen')} ${span(reader.now - app.observedAt)} ${say('ago')}`}</p>
${steered(reader, app, pins, override)}${conditionsCard(reader, app)}${driftCard(reader, app)}${heldCard(reader, app)}${nextCard(reader, app)}${machinesCard(reader, app, machines)}${secretsCard(reader, app)}${foreignCard(reader, app)}
${audit.length === 0 ? '' : card(say('audit'), auditTable(reader, audit))}`;
}
function steered(reader: Reader, { environment, name }: AppStatus, pins: readonly Pin[], override: Override | null): Html {
  const { say } = reader;
  const held = pins.filter(({ instead }) => instead === null);
  const pinned = held.map(({ reason, by, at }) => html`<p>${reason} <small>(${by}, ${time(at)})</small></p>`);
  return html`${held.length === 0 ? '' : html`<div class="note bad"><p><b>${say('pinned')}</b> ${say('pinnedHelp')}</p>${pinned}${act(reader, '/act/retry', say('retry'), hidden({ environment, app: name }))}</div>`}${override === null ? '' : html`<div class="note warn"><p><b>${say('overridden')}</b> ${override.reason} <small>(${override.by}, ${say('until')} ${time(override.until)})</small></p>${act(reader, '/act/end-override', say('endOverride'), hidden({ environment, app: name }))}</div>`}`;
}
export function conditionsCard(reader: Reader, { conditions }: AppStatus): Html {
  const { say, now } = reader;
  const rows = conditions.map(({ type, status, reason, message, since }) => [
    html`<b>${type}</b>`,
    html`<span class="${toneOfCondition(type, status)}">${status}</span>`,
    reason,
    message,
    html`<span title="${new Date(since).toISOString()}">${span(now - since)}</span>`,
  ]);
  return card(
    say('conditions'),
    grid([say('condition'), say('state'), say('reason'), say('message'), say('since')], rows, say('conditions')),
  );
}
const toneOfCondition = (type: string, status: string): string =>
  status !== 'true' ? 'dim' : type === 'Ready' ? 'good' : type === 'Stalled' ? 'bad' : 'warn';
export function driftCard(reader: Reader, { drifts, environment, name }: AppStatus): Html {
  const { say, now } = reader;
  if (drifts.length === 0) return card(say('drift'), html`<p class="dim">${say('noDrift')}</p>`);
  const rows = drifts.map(({ subject, pointer, from, to, firstSeen, correctedAt }) => [
    subject,
    html`<code>${pointer}</code>`,
    html`<code>${value(from)}</code>`,
    html`<code>${value(to)}</code>`,
    html`${span(now - firstSeen)} ${say('ago')}`,
    correctedAt === null ? say('notByItself') : time(correctedAt),
  ]);
  return card(say('drift'), [
    grid([say('machine'), say('field'), say('is'), say('mustBe'), say('firstSeen'), say('corrected')], rows, say('drift')),
    approveForm(reader, environment, name),
  ]);
}
function approveForm(reader: Reader, environment: string, app: string): Html {
  const { say } = reader;
  return act(reader, '/act/approve', say('approve'), html`${hidden({ environment, app })}<span class="dim">${say('approveHelp')}</span>`);
}
export function heldCard(reader: Reader, { held, environment, name }: AppStatus): Html {
  const { say } = reader;
  if (held.length === 0) return html``;
  const rows = held.map(({ reason, subject, message, remedy, until }) => [
    reason,
    subject ?? '',
    html`${message}${until === null ? '' : html` <small>→ ${time(until)}</small>`}`,
    remedy,
  ]);
  return card(say('held'), [
    grid([say('reason'), say('what'), say('message'), say('whatToDo')], rows, say('held')),
    held.some(({ reason }) => reason === 'ApprovalRequired' || reason === 'MassChange') ? approveForm(reader, environment, name) : html``,
  ]);
}
export function nextCard({ say }: Reader, { pending }: AppStatus): Html {
  if (pending.length === 0) return html``;
  return card(say('next'), html`<ul>${pending.map(({ why, cause }) => html`<li>${why} <small>(${cause})</small></li>`)}</ul>`);
}
function machinesCard(reader: Reader, app: AppStatus, machines: readonly MachineLine[] | null): Html {
  const { say } = reader;
  if (machines === null) return card(say('machines'), html`<p class="dim">${say('seenElsewhere')}</p>`);
  if (machines.length === 0) return html``;
  const rows = machines.map((one) => [
    html`<a href="${machinePath(app, one)}"><b>${one.name}</b></a><br><small><code>${one.id}</code></small>`,
    html`${one.group ?? '–'} ${one.region}`,
    html`${badge(one.state)}${one.cordoned ? html` ${badge('cordoned')}` : ''}${one.quarantine === null ? '' : html`<br>${mark('warn', say('inQuarantine'))} <small>${say('since')} ${one.quarantine.slice(0, 16).replace('T', ' ')} UTC</small>`}`,
    html`<code>${one.image}</code>`,
    html`<span class="lines">${one.checks.map(({ name, status }) => html`<span>${name} ${badge(status)}</span>`)}</span>`,
    say(one.belongs),
    html`<code>${one.version.slice(-8)}</code> <small>${span(reader.now - one.updatedAt)} ${say('ago')}</small>`,
  ]);
  const head = [say('machine'), say('group'), say('state'), say('image'), say('checks'), say('belongs'), say('version')];
  return card(say('machines'), grid(head, rows, say('machines')));
}
function secretsCard(reader: Reader, { secrets = [] }: AppStatus): Html {
  const { say, now } = reader;
  if (secrets.length === 0) return html``;
  const rows = secrets.map(({ name, source, required, state, machines, of, rotationDue, problem }) => [
    html`<code>${name}</code>`,
    source,
    state === 'Missing' && !required ? html`<span class="dim">${say('optional')}</span>` : badge(state),
    machines === null ? '–' : `${machines}/${of}`,
    rotationDue === null ? '–' : html`<span class="${rotationDue < now ? 'bad' : ''}">${span(rotationDue - now)}</span>`,
    problem ?? '',
  ]);
  const head = [say('secrets'), say('source'), say('state'), say('runsOn'), say('rotationDue'), say('message')];
  return card(say('secrets'), grid(head, rows, say('secrets')));
}
function foreignCard({ say }: Reader, { foreign }: AppStatus): Html {
  return foreign.length === 0 ? html`` : card(say('foreign'), html`<ul>${foreign.map((one) => html`<li><code>${one}</code></li>`)}</ul>`);
}
