/** Small pieces of every page. Everything that comes from outside goes through `html`, which escapes it. */
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Say } from './words.ts';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;
export interface Reader {
  /** Who is signed in; null: nobody. */
  readonly name: string | null;
  readonly role: 'viewer' | 'operator' | null;
  /** Goes back with every form. */
  readonly csrf: string;
  readonly say: Say;
  readonly language: 'en' | 'ja';
  readonly now: number;
}
const GOOD: readonly string[] = ['Synced', 'Healthy', 'Suspended', 'Adopted', 'started', 'complete', 'ok', 'passing', 'landed'];
const WARN: readonly string[] = [
  'OutOfSync',
  'Progressing',
  'Changed',
  'Staged',
  'Drifted',
  'warning',
  'Held',
  'Excluded',
  'stopped',
  'suspended',
  'skipped',
];
export const toneOf = (word: string): 'good' | 'warn' | 'bad' => (GOOD.includes(word) ? 'good' : WARN.includes(word) ? 'warn' : 'bad');
export const badge = (word: string): Html => html`<span class="badge ${toneOf(word)}">${word}</span>`;
export const HOURS_PER_MONTH = 720;
export const dollars = (micro: number): string => `$${(micro / 1_000_000).toFixed(2)}`;
export const monthly = (microPerHour: number): string => dollars(microPerHour * HOURS_PER_MONTH);
export const short = (id: string | null): string => id?.slice(0, 12) ?? '–';
/** `2026-11-24 21:05:07 UTC`, for machines and people. */
export const time = (at: number): Html => {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
};
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;
/** `3 min`: one unit is enough for a look. */
export function span(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => Math.abs(ms) >= one) ?? ['s', 1_000];
  return `${Math.round(ms / size)} ${unit}`;
}
export const value = (json: unknown): string => {
  const text = json === undefined ? '–' : typeof json === 'string' ? json : JSON.stringify(json);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
};
export const card = (title: Html | string, body: Html | readonly Html[], right: Html | string = ''): Html =>
  html`<section class="card"><h2>${title}${right === '' ? '' : html`<span class="right">${right}</span>`}</h2>${body}</section>`;
/** `head`: plain words; a column that starts with # is numbers. On a phone every row stands as a block, its cells under each other with their
 *  names: the roles keep it a table for whoever hears it. */
export function grid(head: readonly string[], rows: readonly (readonly (Html | string)[])[], caption: string, form = ''): Html {
  const names = head.map((word) => word.replace(/^#/, ''));
  const isNumber = (at: number): boolean => head[at]?.startsWith('#') ?? false;
  const cell = (content: Html | string, at: number): Html =>
    html`<td role="cell" data-name="${names[at] ?? ''}"${isNumber(at) ? html` class="num"` : ''}>${content}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table role="table" class="${form}"><thead role="rowgroup"><tr role="row">${names.map(
    (word, at) => html`<th role="columnheader" scope="col" class="${isNumber(at) ? 'num' : ''}">${word}</th>`,
  )}</tr></thead><tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${row.map(cell)}</tr>`)}</tbody></table></div>`;
}
/** A button that changes something: only for operators, with the token that proves the form is ours. */
export function act(reader: Reader, path: string, label: string, fields: Html | string = '', tone: '' | 'danger' | 'quiet' = ''): Html {
  if (reader.role !== 'operator') return html``;
  return html`<form class="act" method="post" action="${path}"><input type="hidden" name="csrf" value="${reader.csrf}">${fields}<button class="${tone}">${label}</button></form>`;
}
/** The same, folded away: nobody does it by a slip of the hand. `id` keeps it open while the page refreshes itself. */
export function foldedAct(reader: Reader, id: string, path: string, label: string, fields: Html | string, tone: '' | 'danger' = ''): Html {
  if (reader.role !== 'operator') return html``;
  return html`<details class="fold" id="${id}"><summary>${label} …</summary>${act(reader, path, label, fields, tone)}</details>`;
}
export const hidden = (fields: Readonly<Record<string, string | null>>): Html =>
  html`${Object.entries(fields).map(([name, value]) => (value === null ? '' : html`<input type="hidden" name="${name}" value="${value}">`))}`;
export const reasonField = ({ say }: Reader): Html =>
  html`<input name="reason" aria-label="${say('reasonFor')}" placeholder="${say('reasonFor')}" required maxlength="200">`;
export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'now';
/** A word in a colour, where it is ours to say. */
export const mark = (tone: Tone, text: string): Html => html`<span class="badge ${tone}">${text}</span>`;
export const percent = (ratio: number | null, say: Say): string =>
  ratio === null ? say('na') : `${ratio > 0 ? '+' : ''}${(ratio * 100).toFixed(1)} %`;
