/** Notices as people read them: a template with a closed set of placeholders, every value escaped for where it goes. Pure. */
import type { Notice } from './words.ts';

export const PLACEHOLDERS = [
  'title',
  'details',
  'remedy',
  'environment',
  'app',
  'occasion',
  'severity',
  'owners',
  'release',
  'commit',
  'time',
  'id',
] as const;
export type Markup = 'plain' | 'slack' | 'html';
/** Two braces: one brace and a dollar sign is a variable of the desired state. */
const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;
export const DEFAULT_TEMPLATE = '{{title}}\n{{details}}\n{{owners}}\n{{remedy}}';

/** Names in a template that stand for nothing. */
export const unknownPlaceholders = (template: string): readonly string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name).filter((name) => !PLACEHOLDERS.some((known) => known === name));

/** Longer ones are cut: a weekly record is a third of it, and Slack takes three times as many. */
const LONGEST = 12_000;
/** One message. A line whose placeholders are all empty is left out. */
export function renderNotice(notice: Notice, template: string | null, markup: Markup): string {
  const lines = (template ?? DEFAULT_TEMPLATE).split('\n').flatMap((line) => {
    const values: string[] = [];
    const text = line.replaceAll(PLACEHOLDER, (_found, name: string) => {
      const value = textOf(notice, name, markup);
      values.push(value);
      return value;
    });
    return values.length > 0 && values.every((value) => value === '') ? [] : [text];
  });
  return cut(lines.join('\n'));
}
const cut = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`);
function textOf(notice: Notice, name: string, markup: Markup): string {
  const safe = (text: string): string => escapeFor(text, markup);
  switch (PLACEHOLDERS.find((one) => one === name)) {
    case 'title':
      return safe(notice.title);
    case 'details':
      return notice.lines.map(safe).join('\n');
    case 'remedy':
      return safe(notice.remedy ?? '');
    case 'environment':
      return safe(notice.environment);
    case 'app':
      return safe(notice.app ?? '');
    case 'occasion':
      return notice.occasion;
    case 'severity':
      return notice.severity;
    case 'owners':
      return notice.owners
        .map((owner) => (markup === 'slack' && owner.slack !== undefined ? `<@${owner.slack}>` : safe(owner.name)))
        .join(', ');
    case 'release':
      return notice.release === null ? '' : String(notice.release.number);
    case 'commit':
      return safe(notice.release?.commit ?? '');
    case 'time':
      return new Date(notice.at).toISOString();
    case 'id':
      return safe(notice.id);
    case undefined:
      return '';
  }
}
const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Slack reads three characters as markup of its own (links, mentions of everybody); HTML five. */
function escapeFor(text: string, markup: Markup): string {
  const clean = text.replaceAll(CONTROL, ' ');
  switch (markup) {
    case 'plain':
      return clean;
    case 'slack':
      return clean.replaceAll(/[&<>]/g, (one) => HTML[one] ?? one);
    case 'html':
      return clean.replaceAll(/[&<>"']/g, (one) => HTML[one] ?? one);
  }
}
/** Nothing but line ends and tabs: a terminal or a header would obey. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
