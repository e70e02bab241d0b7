/** A running demo with a past: an organization of three weeks, a controller that takes it over, releases, drift that is put right and drift that
 *  stands. What dashboards, rules and pictures are tried on. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hours, instant, type Ms, minutes, ms, seconds } from '#domain/units.ts';
import { realClock } from '#platform/clock.ts';
import { makeVirtualClock } from '#simulator/clock.ts';
import { keepSaved } from '#simulator/persist.ts';
import { makeSimulator } from '#simulator/simulator.ts';
import { type Api, deployByHand, makeHands } from '#test/demo/hands.ts';
import { makeTour, type Tour } from '#test/demo/tour.ts';

const days = (count: number): Ms => hours(count * 24);
const PAST = days(23);
/** Answers need some of the world's own time. */
const ANSWER_WITHIN = seconds(30);
/** People made two apps, let them grow, and forgot a third that rests at night: every week costs something else than the one before. */
async function writePast(folder: string): Promise<void> {
  const clock = makeVirtualClock(instant(realClock.now() - PAST));
  mkdirSync(folder, { recursive: true });
  const simulator = makeSimulator({ clock, seed: 'past' });
  const save = keepSaved(simulator.world, folder);
  const api: Api = async (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { authorization: 'Bearer a-person' };
    const answering = simulator.fetch(new Request(`http://simulator${path}`, { method, headers, ...sent }));
    await clock.advance(ANSWER_WITHIN);
    const answer = await answering;
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  const hands = makeHands(api);
  const later = (span: Ms): Promise<void> => clock.advance(span);
  for (const app of ['acme-web', 'acme-api', 'acme-staging-web', 'acme-trial']) await deployByHand(api, app, 'nrt');
  await api('POST', '/v1/apps/acme-trial/volumes', { name: 'data', region: 'nrt', size_gb: 20 });
  await hands.letRest('acme-trial');
  const nights = async (count: number): Promise<void> => {
    for (let night = 0; night < count; night++) {
      await later(hours(9 + (night % 3)));
      await hands.stopOne('acme-trial');
      await later(hours(15 - (night % 3)));
      await hands.startOne('acme-trial');
    }
  };
  await nights(6);
  await hands.cloneOne('acme-web');
  await nights(7);
  await hands.setMemory('acme-api', 512);
  await nights(6);
  await hands.cloneOne('acme-api');
  await later(ms(Math.max(0, realClock.now() - clock.now() - minutes(1))));
  save();
}
const FLY_TOML = (app: string): string => `app = "${app}"
primary_region = "nrt"
[env]
  LOG_LEVEL = "info"
[http_service]
  internal_port = 8080
  force_https = true
  auto_stop_machines = "off"
  auto_start_machines = true
  min_machines_running = 1
  [[http_service.checks]]
    interval = "2s"
    timeout = "1s"
    grace_period = "1s"
    method = "GET"
    path = "/healthz"
`;
const environment = (name: string, grace: string, more = ''): string => `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: ${name} }
spec:
  organization: acme
  protection: none
  primaryRegion: nrt
  owners: [{ name: ${name} on-call, email: oncall@example.com }]
  sync: { mode: automatic, selfHeal: { enabled: true, grace: ${grace} } }
${more}`;
const app = (name: string, fly: string, body: string): string => `apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: ${name}, labels: { team: ${name === 'api' ? 'core' : 'web'} } }
spec:
  app: ${fly}
  config: ${fly}.toml
  adopt: true
  image: registry.fly.io/${fly}:v1
${body}`;
const FILES: Readonly<Record<string, string>> = {
  'acme-web.toml': FLY_TOML('acme-web'),
  'acme-api.toml': FLY_TOML('acme-api'),
  'acme-staging-web.toml': FLY_TOML('acme-staging-web'),
  'desired-state/production/environment.yaml': environment(
    'production',
    '2s',
    `  notify:
    - { name: team, webhook: { url: { env: TEAM_URL }, secret: { env: NOTIFY_SECRET } } }
    - { name: gone, webhook: { url: { env: GONE_URL }, secret: { env: NOTIFY_SECRET } } }
`,
  ),
  'desired-state/production/budget.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Budget
metadata: { name: everything }
spec: { scope: { organization: acme }, monthly: { amount: 16 } }
`,
  'desired-state/production/api.yaml': app(
    'api',
    'acme-api',
    `  visibility: public
  groups: { app: { machines: { nrt: 2 }, vm: { size: shared-cpu-1x, memory: 512mb } } }
  secrets: { DATABASE_URL: { from: { env: DATABASE_URL }, rotateEvery: 90d } }
`,
  ),
  'desired-state/production/web.yaml': app(
    'web',
    'acme-web',
    `  visibility: public
  dependsOn: [api]
  groups: { app: { machines: { nrt: 2 } } }
`,
  ),
  'desired-state/staging/environment.yaml': environment(
    'staging',
    '12h',
    '  database: { neon: { project: quiet-sea-123456, branch: main, role: app, database: app } }\n',
  ),
  'desired-state/staging/web.yaml': app('web', 'acme-staging-web', '  visibility: public\n  groups: { app: { machines: { nrt: 1 } } }\n'),
};
/** The tour's simulator and controller on it; the files lie in its folder. `teamUrl`: who takes the messages. */
export async function makeStage(write: (text: string) => void, teamUrl: string): Promise<Tour> {
  const tour = await makeTour(() => undefined, write, {
    prepare: writePast,
    env: {
      PRODUCTION_DATABASE_URL: 'postgres://demo/?sslmode=require',
      PRODUCTION_NOTIFY_SECRET: 'a secret for the webhooks of the demo',
      PRODUCTION_TEAM_URL: teamUrl,
      // Nobody listens there: its messages wait.
      PRODUCTION_GONE_URL: 'http://127.0.0.1:1/',
      TRIMTAB_POLL_SECONDS: '1',
      TRIMTAB_TICK_SECONDS: '1',
    },
  });
  tour.put(FILES);
  return tour;
}
/** As a commit does: one file of the stage, changed. */
export function commit({ folder, put }: Tour, path: string, change: (text: string) => string): void {
  const before = readFileSync(join(folder, path), 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path} is not what was expected:\n${before}`);
  put({ [path]: after });
}
/** `only`: the environments that are asked about. */
export async function isCalm({ controller }: Tour, only: readonly string[] = ['production', 'staging']): Promise<boolean> {
  const asked = Environments.parse(await controller.ask('/api/v1/environments')).filter(({ name }) => only.includes(name));
  const apps = asked.flatMap((one) => one.apps);
  return (
    asked.length === only.length &&
    asked.every(({ release, accepted, lastGood }) => release === null && accepted === lastGood) &&
    apps.every(({ sync, health }) => sync === 'Synced' && health === 'Healthy')
  );
}
const Environments = z.array(
  z.looseObject({
    name: z.string(),
    accepted: z.string().nullable(),
    lastGood: z.string().nullable(),
    release: z.looseObject({}).nullable(),
    apps: z.array(z.looseObject({ sync: z.string(), health: z.string() })),
  }),
);
