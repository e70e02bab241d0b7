/** The pages in a real browser: every page in both themes and on a phone, every act, nothing in the console, nothing serious for axe. Screenshots
 *  are kept in .trimtab/screenshots for the eye. Needs Debian's chromium, which `.ci/run` installs. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Served, serveHttp } from '#http/serve.ts';
import { makeTestSite, type Site } from '#test/support/site.ts';
import { anAppStatus, anEnvironmentAnswer, SEEN_AT } from '#test/support/statuses.ts';

const CHROMIUM = '/usr/bin/chromium';
const SHOTS = '.trimtab/screenshots';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const Violations = z.array(z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }));

const ill = anAppStatus({
  name: 'api',
  sync: 'OutOfSync',
  health: 'Degraded',
  conditions: [
    { type: 'Ready', status: 'false', reason: 'OutOfSync', message: 'not as git says', since: SEEN_AT, revision: null },
    { type: 'Held', status: 'true', reason: 'ApprovalRequired', message: 'app-nrt-1 would be destroyed', since: SEEN_AT, revision: null },
  ],
  drifts: [
    {
      kind: 'machine-group',
      subject: 'app-nrt-1',
      pointer: '/guest/memory_mb',
      field: 'guest',
      from: 1024,
      to: 256,
      firstSeen: SEEN_AT,
      correctedAt: null,
    },
  ],
  held: [
    {
      reason: 'ApprovalRequired',
      subject: 'app-nrt-1',
      message: 'it would be destroyed',
      remedy: 'look at the plan, then approve it',
      until: null,
    },
  ],
  pending: [{ cause: 'change', kind: 'machine-group', verb: 'update', subject: 'app-nrt-1', why: 'write app-nrt-1' }],
  secrets: [
    {
      name: 'SESSION_SECRET',
      source: 'env SESSION_SECRET',
      kind: 'env',
      required: true,
      state: 'Synced',
      machines: 2,
      of: 2,
      since: SEEN_AT,
      rotationDue: SEEN_AT,
      problem: null,
    },
  ],
  foreign: ['by-hand 17811953'],
});
const environments = [
  anEnvironmentAnswer([ill, anAppStatus()]),
  anEnvironmentAnswer([anAppStatus({ environment: 'staging' })], {
    name: 'staging',
    halted: 'halted by ann: an incident',
    problems: [
      {
        file: 'desired-state/staging/web.yaml',
        line: 7,
        column: 3,
        rule: 'unknown-key',
        message: 'machins is no key',
        remedy: 'did you mean machines?',
      },
    ],
  }),
];
const machines = [
  {
    id: '17811953',
    name: 'app-nrt-1',
    group: 'app',
    region: 'nrt',
    state: 'started',
    cordoned: true,
    image: 'acme-api:v42',
    version: '01HXYZABCDEFGHJKMNPQRSTVWX',
    checks: [{ name: 'servicecheck-00-http-8080', status: 'passing' }],
    belongs: 'own',
    updatedAt: SEEN_AT,
  },
] as const;
const audit = [
  {
    at: SEEN_AT,
    actor: 'ann',
    environment: 'production',
    app: 'acme-api',
    what: 'machine-group/app-nrt-1 update /env/A',
    from: '"1"',
    to: '"2"',
    why: 'change',
    result: 'landed',
  },
];
const PAGES = [
  '/',
  '/environments/production',
  '/environments/staging',
  '/environments/production/plan',
  '/environments/production/apps/api',
  '/login',
  '/nonsense',
];

describe.runIf(process.env['CI'] === 'true' || existsSync(CHROMIUM))('in a real browser', () => {
  let browser: Browser;
  let site: Site;
  let served: Served;
  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    site = await makeTestSite({ environments, machines: () => machines, audit });
    served = await serveHttp(site.app.fetch, '127.0.0.1', 0);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    site.changes.close();
    await served.close();
  });
  /** A page whose console must stay empty; `seen` holds what did not. */
  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<{ page: Page; seen: string[] }> {
    const page = await (await browser.newContext(options)).newPage();
    const seen: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') seen.push(message.text());
    });
    page.on('pageerror', (error) => seen.push(error.message));
    return { page, seen };
  }
  async function signIn(page: Page): Promise<void> {
    await page.goto(`${served.url}/login`);
    await page.fill('#token', site.tokens.operator);
    await page.click('main button');
    await page.waitForSelector('text=ann');
  }
  const nameOf = (path: string): string => path.replaceAll('/', '-').replace(/^-$/, '-fleet').slice(1);

  test.each(['light', 'dark'] as const)(
    'every page in the %s theme: nothing in the console, nothing serious for axe',
    { timeout: 120_000 },
    async (colorScheme) => {
      const { page, seen } = await open({ colorScheme, viewport: { width: 1200, height: 900 } });
      await signIn(page);
      for (const path of PAGES) {
        await page.goto(`${served.url}${path}`);
        await page.screenshot({ path: `${SHOTS}/${nameOf(path)}-${colorScheme}.png`, fullPage: true });
        const found = Violations.parse(await page.evaluate(`${AXE}; axe.run().then((result) => result.violations)`));
        const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(serious.map(({ id, nodes }) => `${path} ${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
      }
      // A page that is not there is told to the console by the browser itself.
      expect(seen.filter((text) => !text.includes('404'))).toEqual([]);
    },
  );
  test.each(['en', 'ja'])('on a phone nothing is wider than the screen (%s)', { timeout: 60_000 }, async (language) => {
    const { page } = await open({ viewport: { width: 390, height: 844 } });
    for (const path of PAGES) {
      await page.goto(`${served.url}${path}?lang=${language}`);
      await page.screenshot({ path: `${SHOTS}/${nameOf(path)}-phone-${language}.png`, fullPage: true });
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(390);
    }
  });
  test('an operator acts by keyboard alone', { timeout: 60_000 }, async () => {
    const { page, seen } = await open();
    await signIn(page);
    await page.goto(`${served.url}/environments/production`);
    await page.focus('#halt summary');
    await page.keyboard.press('Enter');
    await page.focus('#halt input[name=reason]');
    await page.keyboard.type('an incident');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(site.acted).toContain('ann halts production: an incident');
    await page.goto(`${served.url}/environments/production/apps/api`);
    await page.focus('form[action="/act/approve"] button');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(site.acted).toContain('ann approves production/api');
    await page.goto(`${served.url}/environments/staging`);
    await page.click('form[action="/act/unhalt"] button');
    await expect.poll(() => site.acted).toContain('unhalts staging');
    expect(seen).toEqual([]);
  });
  test('an open page shows what changed, without being loaded again', { timeout: 60_000 }, async () => {
    const { page } = await open();
    await page.goto(`${served.url}/`);
    await page.waitForSelector('[data-live]:not([hidden])');
    await page.evaluate('window.kept = true');
    const [first] = environments;
    const before = first?.apps[1];
    if (first === undefined || before === undefined) throw new Error('no app');
    environments[0] = {
      ...first,
      apps: [
        ill,
        {
          ...before,
          sync: 'OutOfSync',
          held: [{ reason: 'Grace', subject: null, message: 'until the grace ends', remedy: '', until: null }],
        },
      ],
    };
    site.changes.note();
    await page.waitForSelector('text=until the grace ends');
    expect(await page.evaluate('window.kept')).toBe(true);
  });
  test('without JavaScript everything can be read and done', { timeout: 60_000 }, async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(`${served.url}/login`);
    await page.fill('#token', site.tokens.operator);
    await page.click('main button');
    await page.goto(`${served.url}/environments/production/apps/api`);
    expect(await page.textContent('main')).toContain('/guest/memory_mb');
    const before = site.acted.length;
    await page.click('form[action="/act/approve"] button');
    await expect.poll(() => site.acted.length).toBe(before + 1);
  });
});
