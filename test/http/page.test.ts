/** What the pages show, to whom, and who may act. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENGLISH } from '#http/page/english.ts';
import { JAPANESE } from '#http/page/japanese.ts';
import { LANGUAGES, sayIn } from '#http/page/words.ts';
import { aMachineLine } from '#test/support/machine-line.ts';
import { aRelease } from '#test/support/releases.ts';
import { makeTestSite, type Site } from '#test/support/site.ts';
import { anAppStatus, anEnvironmentAnswer, SEEN_AT } from '#test/support/statuses.ts';

const world = (apps = [anAppStatus()]) => [anEnvironmentAnswer(apps)];
const ORIGIN = 'http://trimtab.test';
async function get({ app }: Site, path: string, headers: Record<string, string> = {}) {
  const answer = await app.request(`${ORIGIN}${path}`, { headers });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
async function post({ app }: Site, path: string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams(fields).toString();
  const sent = { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, ...headers };
  const answer = await app.request(`${ORIGIN}${path}`, { method: 'POST', body, headers: sent });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
/** The cookie of somebody who signed in. */
async function signIn(site: Site, token: string): Promise<string> {
  const { status, headers } = await post(site, '/login', { token });
  if (status !== 303) throw new Error(`not signed in: ${status}`);
  return headers.get('set-cookie')?.split(';')[0] ?? '';
}
const csrfIn = (page: string): string => /name="csrf" value="([0-9a-f]+)"/.exec(page)?.[1] ?? '';

test('names and messages with HTML in them are shown, and do nothing', async () => {
  const evil = '<img src=x onerror=alert(1)>"\'';
  const app = anAppStatus({
    name: evil,
    drifts: [
      {
        kind: 'machine-group',
        subject: evil,
        pointer: '/env/A',
        field: 'env',
        from: evil,
        to: evil,
        firstSeen: SEEN_AT,
        correctedAt: null,
      },
    ],
    held: [{ reason: 'Grace', subject: evil, message: evil, remedy: evil, until: null }],
    conditions: [{ type: 'Stalled', status: 'true', reason: evil, message: evil, since: SEEN_AT, revision: null }],
  });
  const site = await makeTestSite({ environments: world([app]) });
  for (const path of ['/', '/environments/production', `/environments/production/apps/${encodeURIComponent(evil)}`]) {
    const { status, text } = await get(site, path);
    expect(status).toBe(200);
    expect(text).not.toContain('<img');
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
  }
});
test('the policy lets nothing run that is not served here', async () => {
  const site = await makeTestSite({ environments: world() });
  const { headers, text } = await get(site, '/');
  expect(headers.get('content-security-policy')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(text).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|style="/);
});
test('without signing in there is nothing to press; a viewer reads, an operator acts', async () => {
  const site = await makeTestSite({ environments: world() });
  expect((await get(site, '/environments/production')).text).not.toContain('/act/');
  const viewer = await signIn(site, site.tokens.viewer);
  expect((await get(site, '/environments/production', { cookie: viewer })).text).not.toContain('/act/');
  const operator = await signIn(site, site.tokens.operator);
  expect((await get(site, '/environments/production', { cookie: operator })).text).toContain('/act/halt');
});
test('an act needs an operator’s session and the form’s own token, from this origin', async () => {
  const site = await makeTestSite({ environments: world() });
  const operator = await signIn(site, site.tokens.operator);
  const viewer = await signIn(site, site.tokens.viewer);
  const csrf = csrfIn((await get(site, '/environments/production', { cookie: operator })).text);
  const fields = { csrf, scope: 'production', reason: 'an incident' };
  expect((await post(site, '/act/halt', fields)).status).toBe(403);
  expect((await post(site, '/act/halt', fields, { cookie: viewer })).status).toBe(403);
  expect((await post(site, '/act/halt', { ...fields, csrf: 'forged' }, { cookie: operator })).status).toBe(403);
  expect((await post(site, '/act/halt', { ...fields, csrf: '' }, { cookie: operator })).status).toBe(403);
  expect((await post(site, '/act/halt', fields, { cookie: operator, origin: 'https://evil.example' })).status).toBe(403);
  expect(site.acted).toEqual([]);
  const done = await post(site, '/act/halt', fields, { cookie: operator, referer: `${ORIGIN}/environments/production` });
  expect([done.status, done.headers.get('location')]).toEqual([303, '/environments/production']);
  expect(site.acted).toEqual(['ann halts production: an incident']);
  expect((await post(site, '/act/toString', fields, { cookie: operator })).status).toBe(404);
});
test.each([
  { act: 'halt', fields: { scope: 'production', reason: ' ' }, status: 409, said: 'say why' },
  { act: 'pause', fields: { environment: 'production', hours: '1000', reason: 'x' }, status: 409, said: 'hours' },
  { act: 'rollback', fields: { environment: 'production', to: '#3', reason: '' }, status: 409, said: 'say why' },
  { act: 'approve', fields: {}, status: 409, said: 'environment' },
  { act: 'halt', fields: { scope: 'tets', reason: 'x' }, status: 404, said: 'no such page' },
  { act: 'resume', fields: { environment: 'tets' }, status: 404, said: 'no such page' },
])('$act with $fields is refused, and nothing is done', async ({ act, fields, status, said }) => {
  const site = await makeTestSite({ environments: world() });
  const operator = await signIn(site, site.tokens.operator);
  const csrf = csrfIn((await get(site, '/', { cookie: operator })).text);
  const answer = await post(site, `/act/${act}`, { csrf, ...fields }, { cookie: operator });
  expect([answer.status, answer.text.includes(said)]).toEqual([status, true]);
  expect(site.acted).toEqual([]);
});
test('what an act did is told once, on the page that a person opens next, and as text', async () => {
  const site = await makeTestSite({ environments: world() });
  const operator = await signIn(site, site.tokens.operator);
  const csrf = csrfIn((await get(site, '/', { cookie: operator })).text);
  const done = await post(site, '/act/resume', { csrf, environment: 'production' }, { cookie: operator });
  const told = done.headers.get('set-cookie')?.split(';')[0] ?? '';
  const cookie = `${operator}; ${told}`;
  const refreshed = await get(site, '/', { cookie, 'sec-fetch-mode': 'cors' });
  expect([refreshed.text.includes('role="status"'), refreshed.headers.get('set-cookie')]).toEqual([false, null]);
  const opened = await get(site, '/', { cookie });
  expect(opened.text).toContain('<b>Releases go on:</b> production');
  expect(opened.headers.get('set-cookie')).toMatch(/trimtab_done=;/);
  const forged = Buffer.from('{"word":"doneHalt","detail":"<img src=x>"}').toString('base64url');
  const shown = await get(site, '/', { cookie: `${operator}; trimtab_done=${forged}` });
  expect(shown.text).toContain('&lt;img src=x&gt;');
  for (const bad of ['nonsense', Buffer.from('{"word":"tokenHelp","detail":""}').toString('base64url')])
    expect((await get(site, '/', { cookie: `${operator}; trimtab_done=${bad}` })).text).not.toContain('role="status"');
});
test('after an act nobody is sent to another site', async () => {
  const site = await makeTestSite({ environments: world() });
  const operator = await signIn(site, site.tokens.operator);
  const csrf = csrfIn((await get(site, '/', { cookie: operator })).text);
  for (const referer of ['https://evil.example/environments/production', `${ORIGIN}//evil.example`, 'nonsense']) {
    const done = await post(site, '/act/unhalt', { csrf, scope: '*' }, { cookie: operator, referer });
    expect(done.headers.get('location')).toBe('/');
  }
});
test('a token that is not known is refused; a revoked one ends its sessions at once; signing out ends one', async () => {
  const site = await makeTestSite({ environments: world() });
  expect((await post(site, '/login', { token: 'trimtab_guess' })).status).toBe(403);
  const first = await signIn(site, site.tokens.operator);
  const second = await signIn(site, site.tokens.operator);
  expect((await get(site, '/', { cookie: first })).text).toContain('ann');
  await post(site, '/logout', {}, { cookie: first });
  expect((await get(site, '/', { cookie: first })).text).not.toContain('ann');
  expect((await get(site, '/', { cookie: second })).text).toContain('ann');
  await site.people.revoke('ann', new AbortController().signal);
  expect((await get(site, '/', { cookie: second })).text).not.toContain('ann');
});
test('the session is a cookie that scripts cannot read and other sites do not send', async () => {
  const site = await makeTestSite({ environments: world() });
  const { headers } = await post(site, '/login', { token: site.tokens.viewer }, { 'x-forwarded-proto': 'https' });
  expect(headers.get('set-cookie')).toMatch(/HttpOnly/);
  expect(headers.get('set-cookie')).toMatch(/SameSite=Strict/);
  expect(headers.get('set-cookie')).toMatch(/Secure/);
});
test('where reading needs a token, nobody reads without one', async () => {
  const site = await makeTestSite({ environments: world(), reading: 'token' });
  for (const path of ['/', '/environments/production', '/environments/production/apps/web']) {
    const { status, headers, text } = await get(site, path);
    expect([status, headers.get('location')]).toEqual([303, '/login']);
    expect(text).not.toContain('acme-web');
  }
  expect((await get(site, '/events')).status).toBe(401);
  const cookie = await signIn(site, site.tokens.viewer);
  expect((await get(site, '/', { cookie })).text).toContain('acme-web');
});
test('what does not exist says so', async () => {
  const site = await makeTestSite({ environments: world() });
  for (const path of [
    '/environments/nowhere',
    '/environments/production/apps/nothing',
    '/environments/production/releases/99',
    '/environments/production/apps/web/machines/nothing',
    '/environments/nowhere/cost',
    '/weeks/2026-13-99',
    '/nonsense',
  ])
    expect((await get(site, path)).status).toBe(404);
});
test('every word is said in both languages, with the same places to fill, and on some page', () => {
  const places = (text: string): readonly string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
  const said = readdirSync('src/http/page')
    .filter((file) => !['english.ts', 'japanese.ts'].includes(file))
    .map((file) => readFileSync(`src/http/page/${file}`, 'utf8'))
    .join('');
  // What is said of a machine's belonging is looked up by the word itself.
  const byValue = ['own', 'copy', 'foreign'];
  for (const [word, english] of Object.entries(ENGLISH)) {
    const japanese: string | undefined = Object.entries(JAPANESE).find(([key]) => key === word)?.[1];
    expect(japanese?.trim(), word).toMatch(/./);
    expect(places(japanese ?? ''), word).toEqual(places(english));
    expect(byValue.includes(word) || said.includes(`'${word}'`), `${word} is said nowhere`).toBe(true);
  }
  expect(Object.keys(JAPANESE).sort()).toEqual(Object.keys(ENGLISH).sort());
  expect(sayIn('en')('goBackTo', { n: '$& and $1' })).toBe('Go back to #$& and $1');
});
test('the reader’s choice wins over the browser’s, which wins over the installation’s', async () => {
  const [english, japanese] = LANGUAGES.map(sayIn);
  expect(english?.('allWell')).not.toBe(japanese?.('allWell'));
  const site = await makeTestSite({ environments: world(), language: 'ja' });
  const japaneseText = 'すべて git のとおりです';
  expect((await get(site, '/')).text).toContain(japaneseText);
  expect((await get(site, '/', { 'accept-language': 'en-GB,en;q=0.9' })).text).toContain('All as git says');
  const chosen = await get(site, '/?lang=ja', { 'accept-language': 'en' });
  expect(chosen.text).toContain(japaneseText);
  expect(chosen.text).toContain('<html lang="ja">');
  const cookie = chosen.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect((await get(site, '/', { 'accept-language': 'en', cookie })).text).toContain(japaneseText);
});
test('an open page hears of a change, once for many', async () => {
  const site = await makeTestSite({ environments: world() });
  const stop = new AbortController();
  const answer = await site.app.request(`${ORIGIN}/events`, { signal: stop.signal });
  const reader = answer.body?.getReader();
  for (let at = 0; at < 50; at++) site.changes.note();
  let heard = '';
  while (!heard.includes('changed')) heard += new TextDecoder().decode((await reader?.read())?.value);
  expect(heard.split('event: changed')).toHaveLength(2);
  stop.abort();
  await reader?.cancel();
});
test('a machine shows what differs on it and what was done to it, and nothing of the others', async () => {
  const drift = (subject: string) => ({
    ...{ kind: 'machine-group' as const, subject, pointer: `/env/${subject}`, field: 'env' as const },
    ...{ from: 'a', to: 'b', firstSeen: SEEN_AT, correctedAt: null },
  });
  const row = (what: string) => ({
    ...{ at: SEEN_AT, actor: 'trimtab', environment: 'production', app: 'acme-web', what },
    ...{ from: null, to: null, why: 'drift', result: `landed ${what}` },
  });
  const site = await makeTestSite({
    environments: world([anAppStatus({ drifts: [drift('app-nrt-1'), drift('app-nrt-10')] })]),
    machines: () => [aMachineLine(), aMachineLine({ id: '2', name: 'app-nrt-10' })],
    audit: [row('machine-group/app-nrt-1 update'), row('machine-group/app-nrt-10 update'), row('release 3')],
  });
  expect((await get(site, '/environments/production/apps/web')).text).toContain('/environments/production/apps/web/machines/17811953');
  const { status, text } = await get(site, '/environments/production/apps/web/machines/17811953');
  expect(status).toBe(200);
  for (const shown of ['<code>/env/app-nrt-1</code>', 'landed machine-group/app-nrt-1 update', `sha256:${'4'.repeat(64)}`])
    expect(text).toContain(shown);
  for (const other of ['/env/app-nrt-10', 'app-nrt-10 update', 'release 3']) expect(text).not.toContain(other);
});
test('an app that is left alone on purpose counts as well', async () => {
  const site = await makeTestSite({
    environments: world([anAppStatus(), anAppStatus({ name: 'login', excluded: true, sync: 'Unknown', health: 'Unknown' })]),
  });
  const { text } = await get(site, '/');
  expect(text).toContain('All as git says');
  expect(text).toContain('Excluded');
});
test.each(['/', '/environments/production', '/environments/production/releases/12'])(
  'a thousand apps on %s: at most 300 ms on the server and 200 KB',
  async (path) => {
    const names = Array.from({ length: 1_000 }, (_, at) => `service-${at}`);
    const apps = names.map((name, at) => anAppStatus({ name, health: at % 50 === 0 ? 'Degraded' : 'Healthy' }));
    const changes = names.map((name) => ({
      app: `acme-${name}`,
      name,
      parts: ['image' as const],
      state: 'progress' as const,
      message: 'it comes up',
    }));
    const release = aRelease({ phase: 'apps', endedAt: null, changes });
    const lines = [aMachineLine(), aMachineLine({ id: '2', name: 'app-nrt-2' })];
    const site = await makeTestSite({
      environments: [anEnvironmentAnswer(apps, { release })],
      releases: [release, ...Array.from({ length: 29 }, (_, at) => aRelease({ number: 11 - at, changes }))],
      machines: () => lines,
    });
    await get(site, path);
    const started = process.cpuUsage();
    const { text } = await get(site, path);
    const { user, system } = process.cpuUsage(started);
    if (path !== '/environments/production/releases/12')
      for (const name of ['service-0', 'service-50', 'service-999']) expect(text).toContain(`>${name}</`);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(200_000);
    expect((user + system) / 1_000).toBeLessThanOrEqual(300);
  },
);
