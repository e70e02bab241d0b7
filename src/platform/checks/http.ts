/** An `http` check: the address is got, redirects are followed by ourselves, and the last answer is judged. */
import type { ClockDep } from '#domain/clock.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { HttpExpectation, Probe } from '#domain/smoke.ts';
import { type Exchange, judgeHttp, judgeLatency, judgeQuery, leadsTo, targetOfRedirect } from '#domain/smoke-judge.ts';
import { elapsed, type Ms } from '#domain/units.ts';
import { clip, headerText, urlText } from './evidence.ts';
import { faultOf } from './faults.ts';
import { type Attempt, type Fault, failed } from './port.ts';

/** One request, one answer; a redirect is an answer. Chosen by where a check is made from. */
export interface HttpTransport {
  get(url: URL, signal: AbortSignal): Promise<Result<Exchange, Fault>>;
}
export interface HttpDeps extends ClockDep {
  readonly transport: HttpTransport;
}
/** As browsers have it, by half: a login has three or four. */
const MOST_HOPS = 10;

export async function checkHttp(
  deps: HttpDeps,
  { url: text, expect }: Extract<Probe, { readonly kind: 'http' }>,
  latency: Ms | null,
  signal: AbortSignal,
): Promise<Attempt> {
  if (!URL.canParse(text)) return failed({ ...faultOf('ERR_INVALID_URL'), evidence: text });
  const wanted = await wantedRedirect(deps, expect, signal);
  if (!wanted.ok) return failed(wanted.error);
  const began = deps.clock.now();
  const walked = await walk(deps, new URL(text), expect, wanted.value, signal);
  const took = elapsed(began, deps.clock.now());
  const { trail, end } = walked;
  if (!end.ok) return failed(end.error, clip([...trail, end.error.evidence ?? ''].join('\n')));
  const { answer, target } = end.value;
  const wrong = [
    ...judgeHttp(expect, answer, deps.clock.now()),
    ...(target === null || expect.redirect === null ? [] : judgeQuery(target, expect.redirect)),
    ...judgeLatency(latency, took),
  ];
  const evidence = clip(
    [...trail, headerText(answer.headers), wrong.length === 0 ? '' : answer.body].filter((line) => line !== '').join('\n'),
  );
  const where = target === null ? '' : ` to ${target.origin}${target.pathname}`;
  if (wrong.length === 0) return { state: 'ok', message: `${answer.status}${where} in ${took} ms`, remedy: null, evidence };
  return failed({ message: clip(wrong.join('; '), 300), remedy: remedyFor(answer) }, evidence);
}
const remedyFor = ({ status, headers }: Exchange): string =>
  status >= 500
    ? `look at the logs of the app${headers['fly-request-id'] === undefined ? '' : `, request ${headers['fly-request-id']}`}`
    : 'compare the answer with `expect` of the check';

interface Walk {
  /** One line per request. */
  readonly trail: readonly string[];
  /** `target`: where the wanted redirect leads; null: none was wanted. */
  readonly end: Result<{ readonly answer: Exchange; readonly target: URL | null }, Fault>;
}
async function walk(
  { transport }: HttpDeps,
  start: URL,
  expect: HttpExpectation,
  wanted: string | null,
  signal: AbortSignal,
): Promise<Walk> {
  const trail: string[] = [];
  const seen = new Set<string>();
  const end = (fault: Fault): Walk => ({ trail, end: err(fault) });
  for (let url = start; ; ) {
    if (seen.has(url.href))
      return end({ message: `redirects in a circle, back to ${urlText(url)}`, remedy: 'look at the redirects of the app' });
    if (seen.size >= MOST_HOPS) return end({ message: `more than ${MOST_HOPS} redirects`, remedy: 'look at the redirects of the app' });
    seen.add(url.href);
    const got = await transport.get(url, signal);
    if (!got.ok) {
      trail.push(`GET ${urlText(url)} → ${got.error.message}`);
      return end(got.error);
    }
    const next = targetOfRedirect(got.value, url);
    trail.push(`GET ${urlText(url)} → ${got.value.status}${next === null ? '' : ` ${urlText(next)}`}`);
    const reached = next !== null && wanted !== null && leadsTo(next, wanted, url);
    if (reached) return { trail, end: ok({ answer: got.value, target: next }) };
    const final = next === null || got.value.status === expect.status;
    if (final && wanted === null) return { trail, end: ok({ answer: got.value, target: null }) };
    if (final) return end(noRedirect(got.value, wanted ?? ''));
    url = next;
  }
}
const noRedirect = ({ status, body }: Exchange, wanted: string): Fault => ({
  message: `ends with status ${status}, expected a redirect to ${wanted}`,
  remedy: 'check the path of the check, and the login settings of the app',
  evidence: body,
});

/** An issuer's own word for where a login begins: many keep it apart from the issuer's address. */
async function wantedRedirect(
  { transport }: HttpDeps,
  { redirect }: HttpExpectation,
  signal: AbortSignal,
): Promise<Result<string | null, Fault>> {
  if (redirect === null || redirect.kind === 'to') return ok(redirect?.to ?? null);
  const address = `${redirect.to.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  if (!URL.canParse(address)) return err({ message: `the issuer ${redirect.to} is no address`, remedy: 'correct OIDC_ISSUER_URL' });
  const got = await transport.get(new URL(address), signal);
  const from = `GET ${urlText(new URL(address))}`;
  if (!got.ok)
    return err({ ...got.error, message: `discovery of the issuer: ${got.error.message}`, evidence: `${from} → ${got.error.message}` });
  const endpoint = endpointIn(got.value.body);
  if (endpoint !== null) return ok(endpoint);
  const evidence = `${from} → ${got.value.status}\n${got.value.body}`;
  return err({ message: 'the issuer tells no authorization_endpoint', remedy: 'check OIDC_ISSUER_URL', evidence });
}
function endpointIn(body: string): string | null {
  try {
    const document: unknown = JSON.parse(body);
    if (typeof document !== 'object' || document === null || !('authorization_endpoint' in document)) return null;
    const endpoint = document.authorization_endpoint;
    return typeof endpoint === 'string' && URL.canParse(endpoint) ? endpoint : null;
  } catch {
    return null;
  }
}
