/** The program inside a machine, as far as a smoke check can see it: pages, login, discovery, gRPC health, certificate. Decided by the name of
 *  the image (`v43-smokefail`), or by the act `site`, which wins. The platform's own health checks pass all the same: that is the point. */
import type { JsonObject } from '#domain/json.ts';
import type { MachineRow, World } from './world.ts';

/** `fail`: every page answers 500, gRPC health says NOT_SERVING · `hang`: nothing is answered for ten minutes · `redirect`: the login names
 *  another client · `loop`: the login redirects to itself · `cert`: the certificate is another host's · `expired`, `expiring`: its time ·
 *  `notools`: the image holds no program but its own. */
export const SITE_WORDS = ['fail', 'hang', 'redirect', 'loop', 'cert', 'expired', 'expiring', 'notools'] as const;
export type SiteWord = (typeof SITE_WORDS)[number];

const IN_IMAGE = new RegExp(`smoke(${SITE_WORDS.join('|')})`, 'g');
export function siteOf(world: Pick<World, 'sites'>, row: Pick<MachineRow, 'app' | 'image'>): ReadonlySet<SiteWord> {
  const act = world.sites.get(row.app);
  if (act !== undefined) return new Set(act === null ? [] : [act]);
  const found = `${row.image.repository}:${row.image.tag}`.matchAll(IN_IMAGE);
  return new Set([...found].flatMap(([, word]) => SITE_WORDS.filter((known) => known === word)));
}

/** Values the imitated web app answers with. No secret is among them; the values of all others are not kept. */
export const SITE_VALUES: readonly string[] = ['OIDC_ISSUER_URL', 'OIDC_CLIENT_ID', 'OIDC_REDIRECT_URI', 'OIDC_SCOPES'];
const configured = (world: World, row: MachineRow, name: string): string | null =>
  world.siteValues.get(`${row.app}/${name}`) ?? row.config.env?.[name] ?? null;

const HANG_MS = 600_000;
export const hangOf = (words: ReadonlySet<SiteWord>): number => (words.has('hang') ? HANG_MS : 0);

export function pageOf(world: World, row: MachineRow, url: URL): Response {
  const words = siteOf(world, row);
  const { repository, tag } = row.image;
  const headers = { 'fly-machine-id': row.id, 'fly-region': row.region, ...certificateHeader(world, words) };
  if (words.has('fail')) return Response.json({ error: 'internal server error' }, { status: 500, headers });
  if (repository.includes('authentik') && url.pathname.endsWith(DISCOVERY)) return Response.json(discoveryOf(url), { headers });
  const login = LOGINS.includes(url.pathname) ? loginTarget(world, row, url, words) : null;
  if (login !== null) return new Response(null, { status: 302, headers: { ...headers, location: login } });
  return Response.json(
    { app: row.app, machine: row.id, region: row.region, version: row.instanceId, image: `${repository}:${tag}` },
    { headers },
  );
}

const DISCOVERY = '/.well-known/openid-configuration';
/** Authentik's own paths: one authorize address for all its providers, beside each provider's issuer. */
const AUTHENTIK = '/application/o/';
const authorizeOf = (issuer: URL): string =>
  issuer.pathname.startsWith(AUTHENTIK) ? `${issuer.origin}${AUTHENTIK}authorize/` : `${issuer.href.replace(/\/$/, '')}/authorize`;
function discoveryOf(url: URL): JsonObject {
  const path = url.pathname.slice(0, -DISCOVERY.length);
  const issuer = new URL(`${url.origin}${path}/`);
  return { issuer: issuer.href, authorization_endpoint: authorizeOf(issuer), token_endpoint: `${issuer.origin}${AUTHENTIK}token/` };
}

const LOGINS: readonly string[] = ['/login', '/auth/login'];
/** Null: no login was configured, so the page is a page. */
function loginTarget(world: World, row: MachineRow, url: URL, words: ReadonlySet<SiteWord>): string | null {
  if (words.has('loop')) return `${url.origin}${url.pathname}`;
  const [issuer, client, redirect] = ['OIDC_ISSUER_URL', 'OIDC_CLIENT_ID', 'OIDC_REDIRECT_URI'].map((name) => configured(world, row, name));
  if (!issuer || !URL.canParse(issuer) || !client || !redirect) return null;
  const target = new URL(authorizeOf(new URL(issuer)));
  target.searchParams.set('response_type', 'code');
  target.searchParams.set('client_id', words.has('redirect') ? 'somebody-else' : client);
  target.searchParams.set('redirect_uri', redirect);
  target.searchParams.set('scope', configured(world, row, 'OIDC_SCOPES') ?? 'openid');
  target.searchParams.set('state', row.instanceId);
  return target.href;
}

/** The edge speaks plain HTTP and tells in a header what its certificate would be: `problem` in the words of the runtime's TLS errors. */
export const certificateHeader = (world: World, words: ReadonlySet<SiteWord>): Readonly<Record<string, string>> => ({
  'fly-simulated-certificate': certificateText(world, words),
});
const DAY_MS = 86_400_000;
const PROBLEMS: Readonly<Partial<Record<SiteWord, string>>> = { cert: 'ERR_TLS_CERT_ALTNAME_INVALID', expired: 'CERT_HAS_EXPIRED' };
const DAYS: Readonly<Partial<Record<SiteWord, number>>> = { expired: -1, expiring: 3 };
function certificateText(world: World, words: ReadonlySet<SiteWord>): string {
  const [problem] = [...words].flatMap((word) => PROBLEMS[word] ?? []);
  const [days] = [...words].flatMap((word) => DAYS[word] ?? []);
  return JSON.stringify({ validTo: world.clock.now() + (days ?? 60) * DAY_MS, problem: problem ?? null });
}
