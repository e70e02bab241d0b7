/** The pages in a real browser: every page in both themes and on a phone, every act, nothing in the console, nothing serious for axe. Screenshots
 *  are kept in .trimtab/screenshots for the eye. Needs Debian's chromium, which `.ci/run` installs. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Hold, HoldReason } from '#domain/plan.ts';
import { instant, microUsd, ms } from '#domain/units.ts';
import type { MachineLine } from '#engine/machine-lines.ts';
import type { AppPlan } from '#engine/operator.ts';
import { type Served, serveHttp } from '#http/serve.ts';
import { APP } from '#test/support/builders.ts';
import { aMachineLine } from '#test/support/machine-line.ts';
import { aCostAnswer, dayCosts } from '#test/support/money-views.ts';
import { aRelease } from '#test/support/releases.ts';
import { makeTestSite, type Site } from '#test/support/site.ts';
import { anAppStatus, anEnvironmentAnswer, SEEN_AT } from '#test/support/statuses.ts';
import { aStep, createStep, planOfSteps } from '#test/support/steps.ts';

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
const machines: readonly MachineLine[] = [
  aMachineLine({ cordoned: true, revision: 'c'.repeat(64) }),
  aMachineLine({ id: '17811955', name: 'app-nrt-9', state: 'stopped', cordoned: true, quarantine: '2026-10-20T09:00:00.000Z', checks: [] }),
  aMachineLine({
    id: '17811954',
    name: 'app-nrt-2',
    checks: [{ name: 'servicecheck-00-http-8080', status: 'critical' }],
    revision: 'c'.repeat(64),
  }),
];
const underWay = aRelease({
  number: 13,
  from: 'a'.repeat(64),
  to: 'c'.repeat(64),
  phase: 'apps',
  phaseSince: SEEN_AT,
  deadline: instant(SEEN_AT + 600_000),
  endedAt: null,
  approvals: [{ by: 'ann', at: SEEN_AT }],
  migrations: { set: 'm', pending: ['0042_orders.up.sql'] },
  reports: [
    {
      phase: 'preflight',
      at: SEEN_AT,
      took: ms(1_200),
      items: [
        { what: 'images', state: 'ok', message: 'both are in the registry', remedy: null, took: ms(300) },
        { what: 'rotation', state: 'warning', message: 'SESSION_SECRET is due', remedy: 'issue a new value', took: ms(0) },
      ],
    },
  ],
  changes: [
    { app: 'acme-api', name: 'api', parts: ['image'], state: 'progress', message: 'app-nrt-2 comes up' },
    { app: 'acme-web', name: 'web', parts: ['image'], state: 'waiting', message: 'waits for api' },
  ],
});
const failed = aRelease({
  number: 11,
  phase: 'failed',
  failure: { reason: 'Checks', phase: 'apps', apps: ['acme-api'], message: 'acme-api: app-nrt-1 does not pass within 300 s' },
});
const releases = [
  underWay,
  aRelease(),
  failed,
  aRelease({ number: 10, kind: 'rollback', actor: 'ann', to: 'b'.repeat(64), from: 'd'.repeat(64) }),
];
const environments = [
  anEnvironmentAnswer([ill, anAppStatus()], {
    release: underWay,
    pins: [
      {
        ...{ app: 'acme-api', image: 'acme-api:v41 sha256:1234', config: '', shape: '', values: '' },
        ...{ changed: ['image'], secrets: {}, instead: null },
        ...{ release: 11, by: 'trimtab', reason: 'Checks: app-nrt-1 does not pass within 300 s', at: SEEN_AT },
      },
    ],
    overrides: [
      {
        ...{ app: 'acme-web', image: null, group: null, count: { region: 'nrt', machines: 4 }, vm: null },
        ...{ reason: 'a sale', by: 'ann', at: SEEN_AT, until: instant(SEEN_AT + 7_200_000) },
      },
    ],
  }),
  anEnvironmentAnswer([anAppStatus({ environment: 'staging' })], {
    name: 'staging',
    pause: { until: instant(SEEN_AT + 3_600_000), since: SEEN_AT, by: 'ann', reason: 'a freeze' },
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
  '/environments/production/apps/api/machines/17811953',
  '/environments/production/releases',
  '/environments/production/releases/13',
  '/environments/production/releases/11',
  '/cost',
  '/weeks',
  '/weeks/2026-10-19',
  '/login',
  '/nonsense',
];

const held = (reason: HoldReason): Hold => ({
  ...{ reason, app: APP, subject: 'app-nrt-1', message: 'app-nrt-1 would be written', until: null },
  change: aStep({ kind: 'ip-address', verb: 'create', type: 'v6', region: null }, 'app-nrt-1', {
    fields: [{ pointer: '/guest/memory_mb', from: 256, to: 512, group: 'guest' }],
  }),
});
const plans: readonly AppPlan[] = [
  {
    environment: 'production',
    name: 'api',
    app: 'acme-api',
    error: null,
    approves: 'f00dfeed'.repeat(4),
    plan: planOfSteps(
      [
        createStep('app-nrt-3', {}, { fields: [{ pointer: '/image', from: 'v41', to: 'v42', group: 'image' }] }),
        aStep({ kind: 'ip-address', verb: 'create', type: 'v6', region: null }, 'v6'),
      ],
      {
        held: [held('ApprovalRequired')],
        cost: {
          beforePerHour: microUsd(3_000),
          afterPerHour: microUsd(4_500),
          alwaysOnBeforePerHour: microUsd(6_000),
          alwaysOnAfterPerHour: microUsd(9_000),
        },
      },
    ),
  },
  { environment: 'production', name: 'web', app: 'acme-web', error: null, approves: 'f00dfeed'.repeat(4), plan: planOfSteps([]) },
];

describe.runIf(process.env['CI'] === 'true' || existsSync(CHROMIUM))('in a real browser', () => {
  let browser: Browser;
  let site: Site;
  let served: Served;
  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    const costs = { costs: [aCostAnswer()], days: dayCosts(21) };
    site = await makeTestSite({ environments, machines: () => machines, audit, releases, plans, ...costs });
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
  const shoot = (page: Page, path: string, how: string) => page.screenshot({ path: `${SHOTS}/${nameOf(path)}-${how}.png`, fullPage: true });
  async function seriousOf(page: Page, path: string, options = '{}'): Promise<readonly string[]> {
    const found = Violations.parse(await page.evaluate(`axe.run(document, ${options}).then((result) => result.violations)`));
    const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.map(({ id, nodes }) => `${path} ${id}: ${nodes[0]?.html ?? ''}`);
  }
  const widthOf = (page: Page) => page.evaluate('document.documentElement.scrollWidth');
  /** What is folded away is looked at too. */
  const unfold = (page: Page) => page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');

  test('every page, light and dark: nothing in the console, nothing serious for axe, nothing wider than a phone', {
    timeout: 120_000,
  }, async () => {
    const { page, seen } = await open({ colorScheme: 'light', viewport: DESK });
    await signIn(page);
    for (const path of PAGES) {
      await page.goto(`${served.url}${path}`);
      await unfold(page);
      await page.evaluate(AXE);
      await shoot(page, path, 'light');
      expect(await seriousOf(page, path)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await shoot(page, path, 'dark');
      // Of all rules only the contrast depends on the theme.
      expect(await seriousOf(page, path, '{ runOnly: ["color-contrast"] }')).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(PHONE);
      expect(await widthOf(page), path).toBeLessThanOrEqual(PHONE.width);
      await page.setViewportSize(DESK);
    }
    // A page that is not there is told to the console by the browser itself.
    expect(seen.filter((text) => !text.includes('404'))).toEqual([]);
  });
  test('in Japanese, on a phone', { timeout: 60_000 }, async () => {
    const { page } = await open({ viewport: PHONE, colorScheme: 'dark' });
    for (const path of PAGES) {
      await page.goto(`${served.url}${path}?lang=ja`);
      await shoot(page, path, 'phone-ja');
      expect(await widthOf(page), path).toBeLessThanOrEqual(PHONE.width);
      expect(await page.getAttribute('html', 'lang')).toBe('ja');
    }
  });
  test('every act, by an operator, and what came of it', { timeout: 60_000 }, async () => {
    const { page, seen } = await open();
    await signIn(page);
    const act = async (path: string, name: string, fill: Readonly<Record<string, string>>, told: string, done: string) => {
      if (page.url() !== `${served.url}${path}`) await page.goto(`${served.url}${path}`);
      await unfold(page);
      const form = page.locator(`form[action="/act/${name}"]`).first();
      for (const [field, text] of Object.entries(fill)) await form.locator(`[name=${field}]`).first().fill(text);
      await Promise.all([page.waitForNavigation(), form.locator('button').click()]);
      expect(site.acted.at(-1)).toBe(told);
      expect(await page.textContent('[role=status]')).toContain(done);
    };
    const [production, staging] = ['/environments/production', '/environments/staging'];
    await act(production, 'pause', { reason: 'a freeze' }, 'ann pauses production for 1 h: a freeze', 'Releases are paused: production');
    await act(production, 'retry', {}, 'ann retries production/api', 'It is tried again: api');
    await act(production, 'end-override', {}, 'ann ends the override of production/acme-web', 'The override ends: acme-web');
    await act(production, 'halt', { reason: 'an incident' }, 'ann halts production: an incident', 'Writes are stopped: production');
    await act(staging, 'unhalt', {}, 'ann unhalts staging', 'Writes are allowed again: staging');
    await act(staging, 'resume', {}, 'ann resumes staging', 'Releases go on: staging');
    const approved = `ann approves production/* ${'f00dfeed'.repeat(4)}`;
    await act(`${production}/plan`, 'approve', {}, approved, 'Approved: acme-web');
    await act(`${production}/apps/api`, 'approve', {}, 'ann approves production/api', 'Approved: acme-web');
    const back = 'ann rolls production/* back to #10: a bad one';
    await act(`${production}/releases`, 'rollback', { reason: 'a bad one' }, back, 'Going back: web → bbbbbbbbbbbb');
    await act('/cost', 'ack', {}, 'ann has seen everything', 'Noted that you have seen it: everything');
    await act('/weeks/2026-10-19', 'sign', { note: 'fine' }, 'ann signs app-state of 2026-10-19: fine', 'Signed: app-state');
    await page.reload();
    expect(await page.locator('[role=status]').count()).toBe(0);
    expect(seen).toEqual([]);
  });
  test('by keyboard alone', { timeout: 60_000 }, async () => {
    const { page } = await open();
    await signIn(page);
    await page.goto(`${served.url}/environments/production/releases`);
    await page.focus('#back-10 summary');
    await page.keyboard.press('Enter');
    await page.focus('#back-10 input[name=reason]');
    await page.keyboard.type('by hand');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(site.acted.at(-1)).toBe('ann rolls production/* back to #10: by hand');
  });
  test('an open page shows what changed, without being loaded again; what is being written stays', { timeout: 60_000 }, async () => {
    const { page } = await open();
    await signIn(page);
    await page.goto(`${served.url}/environments/production`);
    await page.waitForSelector('[data-live]:not([hidden])');
    await page.evaluate('window.kept = true');
    const [first] = environments;
    if (first === undefined) throw new Error('no environment');
    const said = (message: string) => ({ ...first, release: { ...underWay, message } });
    environments[0] = said('app-nrt-1 is up');
    site.changes.note();
    await page.waitForSelector('text=app-nrt-1 is up');
    await page.click('#halt summary');
    await page.fill('#halt input[name=reason]', 'half a sen');
    environments[0] = said('app-nrt-2 is up');
    site.changes.note();
    await page.waitForTimeout(1_500);
    expect(await page.inputValue('#halt input[name=reason]')).toBe('half a sen');
    await page.fill('#halt input[name=reason]', '');
    await page.evaluate('document.activeElement.blur()');
    await page.waitForSelector('text=app-nrt-2 is up');
    expect(await page.getAttribute('#halt', 'open')).toBe('');
    expect(await page.evaluate('window.kept')).toBe(true);
  });
  test('without JavaScript everything can be read and done', { timeout: 60_000 }, async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(`${served.url}/login`);
    await page.fill('#token', site.tokens.operator);
    await page.click('main button');
    await page.goto(`${served.url}/environments/production/releases/13`);
    for (const text of ['approved by', '0042_orders.up.sql', 'app-nrt-2 comes up', 'sha256:444444444444', 'SESSION_SECRET is due'])
      expect(await page.textContent('main')).toContain(text);
    await page.goto(`${served.url}/environments/production/releases`);
    await page.click('#back-10 summary');
    await page.fill('#back-10 input[name=reason]', 'no script');
    await page.selectOption('#back-10 select', 'web');
    await page.click('#back-10 button');
    await expect.poll(() => site.acted.at(-1)).toBe('ann rolls production/web back to #10: no script');
  });
});
const DESK = { width: 1200, height: 900 };
const PHONE = { width: 390, height: 844 };
