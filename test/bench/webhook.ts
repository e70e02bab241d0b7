/** A push that GitHub tells of → the first call to the platform that it causes: a controller as a process of its own, a real git server, a
 *  simulated platform on a socket that writes down when it was called. The poll is far away: only the webhook can be what woke it. */
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { serveHttp } from '#http/serve.ts';
import { makeScaledClock } from '#simulator/clock.ts';
import { makeSimulator } from '#simulator/simulator.ts';
import { startGitServer } from '#test/support/git-server.ts';
import { type Figure, round } from './figure.ts';
import { freePort } from './free-port.ts';

const TRIMTAB = join(import.meta.dirname, '..', '..', 'bin', 'trimtab');
const SECRET = 'a webhook secret that nobody guesses';
/** Fewer than a hundred: the slowest of them stands for the ninety-ninth. */
const PUSHES = 12;
const SPEED = 20;
const PATIENCE_MS = 90_000;

export async function measureWebhook(folder: string): Promise<readonly Figure[]> {
  const place = join(folder, 'webhook');
  mkdirSync(join(place, 'work/desired-state/shop'), { recursive: true });
  const git = (at: string, ...words: readonly string[]): void => {
    const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];
    execFileSync('git', [...person, ...words], {
      cwd: join(place, at),
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
      stdio: 'ignore',
    });
  };
  const push = (serial: number): void => {
    for (const [path, text] of Object.entries(filesOf(serial))) writeFileSync(join(place, 'work', path), text);
    git('work', 'add', '-A');
    git('work', 'commit', '-q', '-m', `commit ${serial}`);
    git('work', 'push', '-q', '../shop.git', 'HEAD:main');
  };
  git('', 'init', '-q', '--bare', '-b', 'main', 'shop.git');
  git('work', 'init', '-q', '-b', 'main');
  push(0);
  const server = await startGitServer(place, null);
  /** When the platform was called for the app or its release: neither the look that every tick takes, nor the meter. */
  let calls: number[] = [];
  const simulator = makeSimulator({ clock: makeScaledClock(SPEED), seed: 'webhook' });
  const platform = await serveHttp(
    (request) => {
      if (/\/apps\/acme-web|\/tokens\//.test(request.url)) calls.push(performance.now());
      return simulator.fetch(request);
    },
    '127.0.0.1',
    0,
  );
  const port = await freePort();
  const env = {
    ...process.env,
    FLY_API_TOKEN: 'a-token-for-the-bench',
    ...{
      FLY_FLAPS_BASE_URL: platform.url,
      FLY_API_BASE_URL: platform.url,
      FLY_UIEX_BASE_URL: platform.url,
      FLY_METRICS_BASE_URL: platform.url,
    },
    ...{
      TRIMTAB_SOURCE: `${server.url('shop')}#main`,
      TRIMTAB_DATA_DIR: join(place, 'data'),
      TRIMTAB_DATABASE_URL: '',
      TRIMTAB_SERVER: '',
    },
    ...{
      TRIMTAB_WEBHOOK_SECRET: SECRET,
      TRIMTAB_PORT: String(port),
      TRIMTAB_TICK_SECONDS: '1',
      TRIMTAB_POLL_SECONDS: '3600',
      TRIMTAB_RESYNC_SECONDS: '3600',
    },
  };
  const controller = spawn(TRIMTAB, ['run'], { env, stdio: 'ignore' });
  try {
    await quiet(port, 1);
    const times: number[] = [];
    for (let serial = 1; serial <= PUSHES; serial++) {
      push(serial);
      calls = [];
      const told = performance.now();
      await deliver(port, serial);
      await until('the platform is called', async () => calls.length > 0, 20);
      times.push((calls[0] ?? Number.NaN) - told);
      await quiet(port, serial + 1);
    }
    const sorted = [...times].sort((a, b) => a - b);
    const worst = sorted.at(-1) ?? Number.NaN;
    const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return [
      {
        name: 'webhook_to_first_platform_call_p99',
        value: round(worst / 1_000),
        unit: 's',
        limit: 1,
        work: false,
        note: `the slowest of ${PUSHES} pushes to a git server over HTTP; the median is ${round(middle / 1_000)} s`,
      },
    ];
  } finally {
    controller.kill('SIGTERM');
    await new Promise((done) => controller.once('exit', done));
    await server.close();
    await platform.close();
  }
}
async function deliver(port: number, serial: number): Promise<void> {
  const body = JSON.stringify({ ref: 'refs/heads/main', after: String(serial) });
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const headers = { 'x-github-event': 'push', 'x-github-delivery': String(serial), 'x-hub-signature-256': signature };
  const answer = await fetch(`http://127.0.0.1:${port}/webhooks/github`, { method: 'POST', headers, body });
  if (answer.status !== 202) throw new Error(`the webhook says ${answer.status} ${await answer.text()}`);
}
const Releases = z.object({ releases: z.array(z.object({ number: z.number(), phase: z.string() })) });
/** The release of this number is complete, and nothing more is asked of the platform for it. */
async function quiet(port: number, number: number): Promise<void> {
  await until(
    `release ${number} is complete`,
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/releases?environment=shop&limit=1`);
      const [newest] = Releases.parse(await answer.json()).releases;
      return newest?.number === number && newest.phase === 'complete';
    },
    50,
  );
  await new Promise((next) => setTimeout(next, 500));
}
async function until(what: string, reached: () => Promise<boolean>, everyMs: number): Promise<void> {
  for (const from = performance.now(); performance.now() - from < PATIENCE_MS; ) {
    if (await reached().catch(() => false)) return;
    await new Promise((next) => setTimeout(next, everyMs));
  }
  throw new Error(`not so: ${what}`);
}
/** Each commit widens a range: a release that has little to do afterwards. */
const filesOf = (serial: number): Readonly<Record<string, string>> => ({
  'desired-state/shop/all.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: shop }
spec: { organization: acme, primaryRegion: nrt, sync: { mode: automatic } }
---
apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  app: acme-web
  config: web.toml
  image: registry.fly.io/acme-web:v1
  groups: { app: { machines: { nrt: { min: 1, max: ${serial + 2} } } } }
`,
  'web.toml': 'app = "acme-web"\nprimary_region = "nrt"\n',
});
