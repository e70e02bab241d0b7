/** The database is not there when the controller starts, goes, and comes back: it says so, writes nothing meanwhile, and goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, openSite, type Process, type Site } from '#test/support/processes.ts';
import { databaseUrl, type Line, openLine } from '#test/support/queues.ts';
import { oneApp } from '#test/support/worlds.ts';

const APP = 'acme-web';
const LOST = 'not ready: the state database does not answer';
const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 100 });

describe.runIf(databaseUrl !== '')('a controller whose database', () => {
  let site: Site;
  let line: Line;
  let controller: Process;
  let drop: () => Promise<void>;
  const started = (): number => site.machines(APP).filter(({ state, cordoned }) => state === 'started' && !cordoned).length;
  beforeAll(async () => {
    const database = await openDatabase(databaseUrl);
    drop = database.drop;
    line = await openLine(database.url, { mended: false });
    site = await openSite(oneApp());
    controller = await site.start({ databaseUrl: line.url });
  });
  afterAll(async () => {
    await site.close();
    await line.cut();
    await drop();
  });

  test('is not there at the start is up, not ready, and goes on when it comes', { timeout: 60_000 }, async () => {
    await expect.poll(controller.ready, within(10)).toBe(LOST);
    expect(site.simulator.world.counters.writes).toBe(0);
    await line.mend();
    await expect.poll(controller.ready, within(15)).toBe('ready');
    await expect.poll(started, within(20)).toBe(2);
  });
  test.each(['cut', 'freeze'] as const)(
    'is gone (%s) is not ready, writes nothing, and corrects when it is back',
    { timeout: 60_000 },
    async (how) => {
      await expect.poll(controller.ready, within(15)).toBe('ready');
      await line[how]();
      await expect.poll(controller.ready, within(20)).toBe(LOST);
      const [machine] = site.machines(APP);
      const writes = site.simulator.world.counters.writes;
      await site.byHand('POST', `/v1/apps/${APP}/machines/${machine?.id}/stop`, {});
      await expect.poll(started, within(5)).toBe(1);
      await expect.poll(controller.ready, within(5)).toBe(LOST);
      expect(site.simulator.world.counters.writes).toBe(writes + 1);
      await line.mend();
      await expect.poll(controller.ready, within(15)).toBe('ready');
      await expect.poll(started, within(20)).toBe(2);
      expect(controller.exitCode()).toBeNull();
      expect(controller.said()).not.toMatch(/unhandled|TypeError|bug stopped/i);
    },
  );
  test('ends when it is asked to', { timeout: 20_000 }, async () => {
    await controller.signal('SIGTERM');
    expect(controller.exitCode()).toBe(0);
  });
});
