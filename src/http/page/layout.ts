/** The frame of every page. */
import { html } from 'hono/html';
import type { Done } from './acts.ts';
import type { Html, Reader } from './parts.ts';
import { time } from './parts.ts';

export interface Frame {
  readonly title: string;
  readonly crumbs: readonly { readonly label: string; readonly href: string }[];
  readonly body: Html | readonly Html[];
  readonly version: string;
  /** What the act before this page did; null: none. */
  readonly done: Done | null;
  /** It is not loaded again by itself. */
  readonly still: boolean;
  /** Where the other language's link goes: this page. */
  readonly path: string;
}
export function layout(reader: Reader, { title, crumbs, body, version, path, done, still }: Frame): Html {
  const { say, language } = reader;
  const other = language === 'en' ? 'ja' : 'en';
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${title} · trimtab</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/style.css"><script src="/assets/live.js" defer></script></head><body><a class="skip" href="#main">${say('skip')}</a><header class="top"><a class="brand" href="/">trimtab</a><nav aria-label="${say('environments')}">${crumbs.map(
    ({ label, href }) => html`<a href="${href}">${label}</a>`,
  )}</nav><div class="right"><span data-live hidden>● ${say('live')}</span><a href="${path}?lang=${other}" lang="${other}" hreflang="${other}">${say('language')}</a>${who(reader)}</div></header>${done === null ? '' : html`<div class="done note good" role="status"><p><b>${say(done.word)}</b> ${done.detail}</p></div>`}<main id="main" ${still ? html`data-still` : ''}>${body}</main><footer>trimtab ${version} · ${time(reader.now)}</footer></body></html>`;
}
function who({ name, role, csrf, say }: Reader): Html {
  if (name === null || role === null) return html`<a href="/login">${say('login')}</a>`;
  return html`<span>${say('signedInAs')} ${name} (${say(role)})</span><form method="post" action="/logout"><input type="hidden" name="csrf" value="${csrf}"><button class="quiet">${say('logout')}</button></form>`;
}
