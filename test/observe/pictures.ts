/** `make pictures`: the pictures of the README, taken of a running demo by Debian's Chromium. */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { serveHttp } from '#http/serve.ts';
import { makeHands } from '#test/demo/hands.ts';
import type { Tour } from '#test/demo/tour.ts';
import { commit, isCalm, makeStage } from './stage.ts';

const FOLDER = 'docs/images';
const MOST_BYTES = 150_000;
const WIDTH = 1_100;
const LOOK_MS = 300;
const write = (text: string): void => void process.stdout.write(text);

async function shoot(page: Page, name: string, height: number): Promise<void> {
  const path = join(FOLDER, `${name}.png`);
  await page.setViewportSize({ width: WIDTH, height });
  await page.screenshot({ path, scale: 'css' });
  const { size } = statSync(path);
  write(`  ${path} ${Math.round(size / 1_000)} kB\n`);
  if (size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes`);
}

const Active = z.array(z.looseObject({ name: z.string(), release: z.looseObject({ number: z.number() }).nullable() }));
const releaseNumber = async ({ controller }: Tour): Promise<number | null> =>
  Active.parse(await controller.ask('/api/v1/environments')).find(({ name }) => name === 'production')?.release?.number ?? null;

const team = await serveHttp(() => new Response('', { status: 204 }), '127.0.0.1', 0);
const tour = await makeStage(() => undefined, team.url);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const { controller, waitFor, trimtab, api, serverUrl } = tour;
  const hands = makeHands(api);
  mkdirSync(FOLDER, { recursive: true });
  await controller.start();
  await waitFor('a person is asked', async () => (await controller.status()).some(({ held }) => held > 0), 90, LOOK_MS);
  await trimtab(['approve', 'production']);
  await waitFor('everything is taken over', () => isCalm(tour), 90, LOOK_MS);
  const token = /trimtab_\S+/.exec((await trimtab(['token', 'add', 'ann', '--role', 'operator'])).out)?.[0] ?? '';
  const page = await browser.newPage({ colorScheme: 'light', locale: 'en-US' });
  await page.goto(`${serverUrl}/login`);
  await page.fill('#token', token);
  await page.click('main button');
  await page.waitForSelector('text=ann (operator)');

  commit(tour, 'desired-state/production/api.yaml', (text) => text.replace(':v1\n', ':v2\n'));
  commit(tour, 'desired-state/production/web.yaml', (text) => text.replace(':v1\n', ':v2\n'));
  await waitFor('a release begins', async () => (await releaseNumber(tour)) !== null, 60, LOOK_MS);
  await page.goto(`${serverUrl}/environments/production/releases/${await releaseNumber(tour)}`);
  await waitFor(
    'one machine runs it and another not yet',
    async () => (await page.locator('text=runs it, checks passed').count()) > 0 && (await page.locator('text=as before').count()) > 0,
    60,
    LOOK_MS,
  );
  await shoot(page, 'release', 1_200);
  await waitFor('it is live', () => isCalm(tour), 90, LOOK_MS);

  await hands.setEnv('acme-staging-web', 'LOG_LEVEL', 'debug');
  await waitFor('the drift is seen', async () => (await controller.status()).some(({ drifts }) => drifts > 0), 30, LOOK_MS);
  await waitFor(
    'its machine passes again',
    async () => (await controller.status()).every(({ health }) => health === 'Healthy'),
    30,
    LOOK_MS,
  );
  await page.goto(serverUrl);
  await shoot(page, 'fleet', 780);
  await page.goto(`${serverUrl}/cost`);
  await shoot(page, 'cost', 1_090);
} finally {
  await browser.close();
  await tour.close();
  await team.close();
  rmSync(tour.folder, { recursive: true, force: true });
}
