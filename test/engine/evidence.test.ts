/** What trimtab knows of restore points, rotation and rehearsals, and of its own requests: for the alerts and the week's record. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppStatus } from '#domain/condition.ts';
import { Database } from '#domain/desired-checks.ts';
import { environmentName } from '#domain/ids.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { days, hours, instant, minutes, seconds } from '#domain/units.ts';
import { makeRequests } from '#engine/notices/requests.ts';
import { makeRestorePoints } from '#engine/restore-points.ts';
import { weekEvidence } from '#engine/week-evidence.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { Store } from '#platform/store/port.ts';
import { makeVirtualClock, type VirtualClock } from '#simulator/clock.ts';
import { anEnvironment, NOW } from '#test/support/builders.ts';
import { aStatus } from '#test/support/events.ts';

const signal = new AbortController().signal;
const DECLARED = { credentials: { fly: 'F', neon: 'N' }, envPrefix: 'P_', variables: {}, lookups: {}, budgets: [] };
const withDatabase: CompiledEnvironment = {
  ...anEnvironment(),
  name: environmentName('prod'),
  declared: { ...DECLARED, database: Database.parse({ url: { from: { env: 'DATABASE_URL' } } }) },
};
const without = anEnvironment();
let clock: VirtualClock;
let store: Store;
beforeEach(() => {
  clock = makeVirtualClock(NOW);
  store = makeMemoryStore();
});
const sign = (item: string, at: number) =>
  store.saveDocument('signature', { key: `2026-11-16/${item}`, at, document: { by: 'ann', at, note: 'seen' } }, signal);

describe('a restore point', () => {
  const points = () => makeRestorePoints({ store, clock, environments: () => [withDatabase, without] });
  const begin = (from: number) =>
    store.rewriteIntervals(
      withDatabase.organization,
      [
        {
          ...{ resource: 'm1', from },
          rows: [
            {
              ...{
                resource: 'm1',
                subject: 'm1',
                item: 'compute',
                cls: 'x',
                quantity: 1,
                rests: false,
                guessed: false,
                bornAt: from,
                from,
                to: null,
              },
              ...{ environment: 'prod', app: 'acme-web', group: 'app', region: 'nrt' },
            },
          ],
        },
      ],
      signal,
    );
  test('is as old as the last signature under it; that of another item says nothing', async () => {
    await sign('restore-point', NOW - days(3));
    await sign('budget', NOW);
    const all = points();
    expect(all.of(withDatabase)).toBeNull();
    await all.refresh(signal);
    expect([all.of(withDatabase), all.of(without)]).toEqual([{ at: NOW - days(3), confirmed: true }, null]);
  });
  test('that nobody ever confirmed is counted from when trimtab began to look', async () => {
    await begin(NOW - days(20));
    const all = points();
    await all.refresh(signal);
    expect(all.of(withDatabase)).toEqual({ at: NOW - days(20), confirmed: false });
  });
  test('that is signed is seen within a minute', async () => {
    const all = points();
    await all.refresh(signal);
    await sign('restore-point', NOW);
    await clock.advance(minutes(1));
    await all.refresh(signal);
    expect(all.of(withDatabase)).toEqual({ at: NOW, confirmed: true });
  });
});

describe('the evidence of a week', () => {
  const span = { from: NOW, to: instant(NOW + days(7)) };
  const secret = (name: string, rotationDue: number | null): NonNullable<AppStatus['secrets']>[number] => ({
    ...{ name, source: 's', kind: 'env', required: true, machines: 1, of: 1, since: NOW, problem: null },
    state: 'Synced',
    rotationDue: rotationDue === null ? null : instant(rotationDue),
  });
  const evidence = async (environments: readonly CompiledEnvironment[], secrets: readonly ReturnType<typeof secret>[] = []) => {
    const statuses = () => [aStatus({ secrets: [...secrets] })];
    const found = await weekEvidence({ store, environments: () => environments, statuses, signatures: 'signature' }, span, signal);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  };
  test('says where nothing is known', async () => {
    expect(await evidence([without])).toEqual({
      restorePoint: 'no environment declares a database',
      rotation: 'no secret has a rotation deadline',
      rehearsal: 'none this week; never signed: `trimtab rehearse staging`',
    });
    expect((await evidence([withDatabase])).restorePoint).toMatch(/^prod: never confirmed; look at/);
  });
  test('names who confirmed what and when, what is due, and what was carried out', async () => {
    await sign('restore-point', NOW - days(2));
    const row = {
      actor: 'bob',
      environment: 'staging',
      app: null,
      what: 'rehearse',
      from: null,
      to: null,
      why: 'w',
      result: 'all came back',
    };
    await store.appendAudit([{ ...row, at: NOW + hours(1) }], signal);
    const found = await evidence(
      [withDatabase],
      [secret('A', NOW + days(1)), secret('B', NOW + days(9)), secret('C', NOW + days(40)), secret('D', null)],
    );
    expect(found).toEqual({
      restorePoint: 'prod: last signed 2026-11-22 by ann (seen); look at the restore window of the database project',
      rotation: '3 with a deadline; due: staging/acme-web A 2026-11-25 (overdue), staging/acme-web B 2026-12-03',
      rehearsal: 'staging: 2026-11-24T13:00:00.000Z by bob: all came back',
    });
  });
});

describe('requests that fail', () => {
  test('are a share of the last five minutes; answers that are none of ours to mend are no failures', async () => {
    const requests = makeRequests({ clock });
    const note = (times: number, code: string): void => {
      for (let time = 0; time < times; time += 1) requests.note(code);
    };
    note(9, 'FLY_UNAVAILABLE');
    expect(requests.failing()).toBeNull();
    note(3, 'FLY_NOT_FOUND');
    note(6, 'ok');
    expect(requests.failing()).toBe(0.5);
    await clock.advance(minutes(3));
    note(18, 'ok');
    expect(requests.failing()).toBe(0.25);
    await clock.advance(minutes(2));
    await clock.advance(seconds(15));
    expect(requests.failing()).toBe(0);
    await clock.advance(minutes(5));
    expect(requests.failing()).toBeNull();
  });
});
