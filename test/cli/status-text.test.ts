/** What `trimtab status` says of releases: phase, since when, what it waits for, and the command that ends it. */
import { expect, test } from 'vitest';
import { statusText } from '#cli/status-text.ts';
import type { AppStatus } from '#domain/condition.ts';
import type { Pin } from '#domain/pins.ts';
import type { Release } from '#domain/release.ts';
import type { Override } from '#domain/release-book.ts';
import { after, hours, instantToIso } from '#domain/units.ts';
import { aRelease } from '#test/support/a-release.ts';
import { NOW } from '#test/support/builders.ts';
import { anAppStatus, anEnvironmentAnswer } from '#test/support/statuses.ts';

const SINCE = instantToIso(NOW);
const UNTIL = instantToIso(after(NOW, hours(2)));
const under = (over: Partial<Release>): string => {
  const release = aRelease({ environment: 'production', ...over });
  return statusText([anEnvironmentAnswer([anAppStatus()], { release })]);
};

test('an environment without a release says nothing of one', () => {
  expect(statusText([anEnvironmentAnswer([anAppStatus()])])).not.toMatch(/release|pause|pinned|Overridden/);
});
test('a release under way: its number, kind and phase, since when, and how far each app is that is not there yet', () => {
  const changes = [
    { app: 'acme-api', name: 'api', parts: ['image' as const], state: 'done' as const, message: 'machines are coming up' },
    { app: 'acme-web', name: 'web', parts: ['image' as const], state: 'progress' as const, message: 'app-nrt-1 must pass first' },
  ];
  const text = under({ phase: 'apps', message: '', changes });
  expect(text).toContain(`  release #3 (deploy by git): apps since ${SINCE}\n    web: progress: app-nrt-1 must pass first\n`);
  expect(text).not.toContain('    api: ');
});
test.each([
  ['ApprovalRequired', '`trimtab plan production`, then `trimtab apply production`'],
  ['MassChange', '`trimtab plan production`, then `trimtab apply production`'],
  ['SyncWindow', '`trimtab approve production` opens it'],
  ['PreflightFailed', '`trimtab preflight production` shows everything'],
  ['RevisionPinned', '`trimtab release retry production` lifts the pin'],
  ['Halted', '`trimtab halt production --off` ends it'],
])('a release that waits (%s) says why, and what a person can do', (hold, remedy) => {
  const text = under({ phase: 'approval', hold, message: 'this is why' });
  expect(text).toContain(`  release #3 (deploy by git): approval since ${SINCE}: this is why; ${remedy}`);
});
test('a release that stands still on its way back says what is where', () => {
  const changes = [{ app: 'acme-web', name: 'web', parts: [], state: 'failed' as const, message: 'app-nrt-1 does not stay up' }];
  const text = under({ phase: 'stalled', message: 'the way back does not work either', changes });
  expect(text).toContain(': the way back does not work either\n    web: failed: app-nrt-1 does not stay up\n');
});
test('a pause says until when, by whom, why, and how it ends', () => {
  const pause = { until: after(NOW, hours(2)), since: NOW, by: 'ann', reason: 'a talk' };
  const text = statusText([anEnvironmentAnswer([anAppStatus()], { pause })]);
  expect(text).toContain(`  releases are paused until ${UNTIL} by ann: a talk; \`trimtab resume production\` ends it\n`);
});

const aPin = (over: Partial<Pin> = {}): Pin => ({
  ...{
    app: 'acme-web',
    image: 'registry.fly.io/acme-web:v2 sha256:00',
    config: 'c',
    shape: 's',
    values: '',
    changed: ['image'],
    secrets: {},
  },
  ...{ instead: null, release: 3, by: 'trimtab', reason: 'Checks: app-nrt-1 does not pass', at: NOW },
  ...over,
});
const held = (reason: string): Partial<AppStatus> => ({
  held: [{ reason, subject: null, message: 'said', remedy: 'do', until: null }],
  conditions: [{ type: 'Held', status: 'true', reason, message: 'said. do', since: NOW, revision: null }],
});
test('what is pinned is named once, with the release it failed in and the command that lifts it', () => {
  const app = anAppStatus(held('RevisionPinned'));
  const text = statusText([anEnvironmentAnswer([app], { pins: [aPin({ release: 2 }), aPin()] })]);
  const pinned = `pinned since ${SINCE}: image registry.fly.io/acme-web:v2 failed in release #3 (Checks: app-nrt-1 does not pass)`;
  expect(text).toContain(`    ${pinned}; \`trimtab release retry production --app web\` lifts the pin\n`);
  expect(text).not.toContain('Held: RevisionPinned');
});
test('a pinned secret is named, and never its fingerprint', () => {
  const app = anAppStatus(held('RevisionPinned'));
  const text = statusText([anEnvironmentAnswer([app], { pins: [aPin({ changed: [], secrets: { SESSION_KEY: 'fingerprint' } })] })]);
  expect(text).toContain(': secrets SESSION_KEY failed in release #3');
  expect(text).not.toContain('fingerprint');
});
test('a pin that holds nothing any more is not told; nor does it hide another hold', () => {
  const text = statusText([anEnvironmentAnswer([anAppStatus(held('WaitingForCapacity'))], { pins: [aPin()] })]);
  expect(text).toContain('    Held: WaitingForCapacity: said. do\n');
  expect(text).not.toContain('pinned');
});
test('an app held back because of another one says so, where no pin is its own', () => {
  const text = statusText([anEnvironmentAnswer([anAppStatus(held('RevisionPinned'))], { pins: [aPin({ app: 'acme-api' })] })]);
  expect(text).toContain('    Held: RevisionPinned: said. do\n');
});

const overridden = (reason: 'Overridden' | 'BudgetAct', message: string): AppStatus =>
  anAppStatus({ conditions: [{ type: 'Overridden', status: 'true', reason, message, since: NOW, revision: null }] });
const anOverride: Override = {
  ...{ app: 'acme-web', image: null, group: null, count: { region: null, machines: 4 }, vm: null },
  ...{ reason: 'a sale', by: 'ann', at: NOW, until: after(NOW, hours(2)) },
};
test('what stands over git is told, with the command that ends it where one does', () => {
  const said = `4 machine(s) until ${UNTIL} by ann: a sale`;
  const text = statusText([anEnvironmentAnswer([overridden('Overridden', said)], { overrides: [anOverride] })]);
  expect(text).toContain(`    Overridden: ${said}; \`trimtab override production web --end\` ends it\n`);
  const back = statusText([anEnvironmentAnswer([overridden('Overridden', 'git still says v2; ann went back: slow')])]);
  expect(back).toContain('    Overridden: git still says v2; ann went back: slow\n');
  const act = statusText([anEnvironmentAnswer([overridden('BudgetAct', 'count 1 until the month turns')], { overrides: [anOverride] })]);
  expect(act).toContain('    Overridden: count 1 until the month turns\n');
});
