/** What an answer lacks of what a smoke check expects, in words for a person. Pure; nothing wrong is an empty list. */
import canonicalize from 'canonicalize';
import { getPointer } from './flyconfig/pointer.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { HttpExpectation, RedirectExpectation } from './smoke.ts';
import { elapsed, type Instant, type Ms } from './units.ts';

/** One HTTP answer, as far as it was read. */
export interface Exchange {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Until when its certificate is valid; null: no TLS, or not to be seen from there. */
  readonly validTo: Instant | null;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** The address an answer sends on to; null: it is no redirect, or leads nowhere that can be read. */
export function targetOfRedirect({ status, headers }: Pick<Exchange, 'status' | 'headers'>, from: URL): URL | null {
  const location = headers['location'];
  if (!REDIRECTS.includes(status) || location === undefined || !URL.canParse(location, from)) return null;
  return new URL(location, from);
}
/** `to` may be a path of the same host. As an address it is whole: `https://a.example` is no beginning of `https://a.example.org`. */
export const leadsTo = (target: URL, to: string, from: URL): boolean =>
  URL.canParse(to, from) && target.href.startsWith(new URL(to, from).href);
export function judgeQuery(target: URL, { query }: Pick<RedirectExpectation, 'query'>): readonly string[] {
  return Object.entries(query).flatMap(([name, wanted]) => {
    const found = target.searchParams.get(name);
    return found === wanted ? [] : [`the redirect's ${name} is ${found ?? 'missing'}, expected ${wanted}`];
  });
}

export function judgeHttp(expect: HttpExpectation, answer: Exchange, now: Instant): readonly string[] {
  return [
    ...judgeStatus(expect, answer),
    ...Object.entries(expect.header).flatMap(([name, wanted]) => judgeHeader(name, wanted, answer)),
    ...(expect.body === null || answer.body.includes(expect.body) ? [] : [`the body lacks ${JSON.stringify(expect.body)}`]),
    ...judgeJson(expect, answer),
    ...judgeDays(expect, answer, now),
  ];
}
function judgeStatus({ status, redirect }: HttpExpectation, answer: Exchange): readonly string[] {
  if (status !== null) return answer.status === status ? [] : [`status ${answer.status}, expected ${status}`];
  const fine = answer.status >= 200 && answer.status < 300;
  return fine || redirect !== null ? [] : [`status ${answer.status}, expected 2xx`];
}
function judgeHeader(name: string, wanted: string, { headers }: Exchange): readonly string[] {
  const found = headers[name.toLowerCase()];
  if (found === undefined) return [`header ${name} is missing`];
  return found.includes(wanted) ? [] : [`header ${name} lacks ${JSON.stringify(wanted)}`];
}
function judgeJson({ json }: HttpExpectation, { body }: Exchange): readonly string[] {
  const pointers = Object.entries(json);
  if (pointers.length === 0) return [];
  const parsed = parseOrNull(body);
  if (parsed === null) return ['the body is no JSON'];
  return pointers.flatMap(([pointer, wanted]) => {
    const found = getPointer(parsed, `/root${pointer}`);
    if (found === undefined) return [`JSON ${pointer} is missing`];
    return canonicalize(found) === canonicalize(wanted) ? [] : [`JSON ${pointer} is ${shown(found)}, expected ${shown(wanted)}`];
  });
}
const LONGEST = 100;
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
/** Under one key, so that a list or a bare value has pointers too. */
function parseOrNull(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(`{"root":${text}}`);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
const DAY_MS = 86_400_000;
function judgeDays({ tlsDaysLeft }: HttpExpectation, { validTo }: Exchange, now: Instant): readonly string[] {
  if (tlsDaysLeft === null) return [];
  if (validTo === null) return ['nothing tells how long the certificate is valid'];
  const days = Math.floor(elapsed(now, validTo) / DAY_MS);
  return days >= tlsDaysLeft ? [] : [`the certificate is valid for ${days} more days, expected ${tlsDaysLeft}`];
}
export const judgeLatency = (latency: Ms | null, took: Ms): readonly string[] =>
  latency === null || took <= latency ? [] : [`it took ${took} ms, expected at most ${latency} ms`];
