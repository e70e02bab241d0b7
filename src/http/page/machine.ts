/** One machine: what it runs and since when, its checks, what differs field by field, what waits, and what was done to it. */
import { html } from 'hono/html';
import type { AppStatus } from '#domain/condition.ts';
import type { MachineLine } from '#engine/machine-lines.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import { conditionsCard, driftCard, heldCard, nextCard } from './app.ts';
import { auditTable } from './environment.ts';
import { badge, card, type Html, mark, type Reader, short, span } from './parts.ts';
import { appPath, environmentPath } from './paths.ts';

export interface MachineView {
  readonly app: AppStatus;
  readonly machine: MachineLine;
  /** Of its app. */
  readonly audit: readonly AuditEntry[];
}
export function machinePage(reader: Reader, { app, machine, audit }: MachineView): Html {
  const { say, now } = reader;
  const { id, name, group, region, state, cordoned, image, digest, version, checks, revision, secrets, belongs, quarantine, updatedAt } =
    machine;
  const own = <T extends { readonly subject: string | null }>(all: readonly T[]): T[] => all.filter(({ subject }) => subject === name);
  const mine: AppStatus = { ...app, drifts: own(app.drifts), held: own(app.held), pending: own(app.pending) };
  const done = audit.filter(({ what }) => what.split(/[ /]/).includes(name));
  const pairs = [
    [
      say('state'),
      html`${badge(state)}${cordoned ? html` ${badge('cordoned')}` : ''}${quarantine === null ? '' : html` ${mark('warn', say('inQuarantine'))} <small>${say('since')} ${quarantine}</small>`}`,
    ],
    [say('group'), `${group ?? '–'} ${region}`],
    [say('image'), html`<code>${image}</code>${digest === null ? '' : html`<br><small><code>${digest}</code></small>`}`],
    [say('instance'), html`<code>${version}</code> <small>${span(now - updatedAt)} ${say('ago')}</small>`],
    [
      say('revision'),
      html`<code>${short(revision)}</code>${revision === null || revision === app.attemptedRevision ? '' : html` <small>→ <code>${short(app.attemptedRevision)}</code></small>`}`,
    ],
    [say('secretsMark'), secrets === null ? '–' : String(secrets)],
    [say('belongs'), say(belongs)],
    [
      say('checks'),
      checks.length === 0
        ? '–'
        : html`<span class="lines">${checks.map((check) => html`<span>${check.name} ${badge(check.status)}</span>`)}</span>`,
    ],
  ] as const;
  return html`<p class="crumbs"><a href="${environmentPath(app.environment)}">${app.environment}</a> / <a href="${appPath(app)}">${app.name}</a></p>
<h1>${name} ${badge(state)}</h1><p class="sub"><code>${id}</code> · <code>${app.app}</code></p>
${card(say('machine'), html`<dl class="pairs">${pairs.map(([word, what]) => html`<dt>${word}</dt><dd>${what}</dd>`)}</dl>`)}
${driftCard(reader, mine)}${heldCard(reader, mine)}${nextCard(reader, mine)}${conditionsCard(reader, app)}
${done.length === 0 ? '' : card(say('audit'), auditTable(reader, done))}`;
}
