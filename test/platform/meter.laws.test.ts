import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IntervalRow } from '#platform/store/meter-port.ts';
import type { Store } from '#platform/store/port.ts';
import { STORES } from '#test/support/stores.ts';

const signal = AbortSignal.timeout(60_000);
const HOUR = 3_600_000;
const row = (over: Partial<IntervalRow> = {}): IntervalRow => ({
  resource: 'm1',
  environment: 'staging',
  app: 'web',
  group: 'app',
  region: 'nrt',
  subject: 'app-1',
  item: 'compute',
  cls: 'shared:1:256',
  quantity: 1,
  rests: false,
  guessed: false,
  bornAt: 0,
  from: 0,
  to: null,
  ...over,
});
async function value<T>(
  result: Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }>,
): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(JSON.stringify(settled.error));
  return settled.value;
}

describe.each(STORES)('the meter’s store on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  const rewrite = (organization: string, from: number, ...rows: readonly IntervalRow[]) =>
    value(store.rewriteIntervals(organization, [{ resource: rows[0]?.resource ?? 'm1', from, rows }], signal));
  const times = async (organization: string) =>
    (await value(store.recentIntervals(organization, 0, signal))).map(
      ({ resource, from, to, item }) => `${resource} ${item} ${from}-${to ?? ''}`,
    );

  test('intervals come back as they were written', async () => {
    const one = row({ to: 5, guessed: true, rests: true, environment: null, quantity: 3 });
    await rewrite('whole', 0, one, row({ from: 5, item: 'rootfs' }));
    expect(await value(store.recentIntervals('whole', 0, signal))).toEqual([one, row({ from: 5, item: 'rootfs' })]);
    expect(await value(store.recentIntervals('whole', 5, signal))).toHaveLength(1);
    expect(await value(store.firstInterval('whole', signal))).toBe(0);
    expect(await value(store.firstInterval('nobody', signal))).toBeNull();
  });
  test('a rewrite cuts what stands, replaces what follows, and leaves other resources alone', async () => {
    await rewrite('cut', 0, row({ to: 100 }), row({ from: 100, to: 200, item: 'rootfs' }), row({ from: 200 }));
    await rewrite('cut', 0, row({ resource: 'm2' }));
    await rewrite('cut', 50, row({ from: 50, to: 200, item: 'rootfs' }), row({ from: 200, to: 300 }));
    expect(await times('cut')).toEqual(['m1 compute 0-50', 'm1 rootfs 50-200', 'm1 compute 200-300', 'm2 compute 0-']);
    await value(store.rewriteIntervals('cut', [{ resource: 'm1', from: 200, rows: [] }], signal));
    await value(store.rewriteIntervals('cut', [], signal));
    expect(await times('cut')).toEqual(['m1 compute 0-50', 'm1 rootfs 50-200', 'm2 compute 0-']);
  });
  test('the same rewrite twice is the same', async () => {
    for (let round = 0; round < 2; round++) await rewrite('twice', 0, row({ to: 7 }), row({ from: 7, item: 'rootfs' }));
    expect(await times('twice')).toEqual(['m1 compute 0-7', 'm1 rootfs 7-']);
  });
  test('units are counted inside the span, what is open until its end', async () => {
    await rewrite('units', 0, row({ from: 10, to: 30 }), row({ from: 40, guessed: true }));
    await rewrite('units', 0, row({ resource: 'm2', subject: 'app-2', from: 0, to: 25 }));
    await rewrite('units', 0, row({ resource: 'm3', app: 'api', region: 'fra', rests: true, quantity: 2, from: 0 }));
    const units = await value(store.unitsBetween('units', null, 20, 50, signal));
    expect(units.map(({ app, units: sum, guessed, rests }) => [app, sum, guessed, rests])).toEqual([
      ['api', 60n, false, true],
      ['web', 25n, true, false],
    ]);
    expect((await value(store.unitsBetween('units', 'web', 20, 30, signal))).map(({ units: sum }) => sum)).toEqual([15n]);
    expect(await value(store.unitsBetween('units', null, 50, 50, signal))).toEqual([]);
  });
  test('what is billed by the hour counts an hour when it begins, and spans add up', async () => {
    const born = 1_000;
    const volume = (over: Partial<IntervalRow>) =>
      row({ resource: 'vol_1', item: 'volume', cls: 'gb', quantity: 3, bornAt: born, from: born, ...over });
    await rewrite('hourly', 0, volume({ to: born + 2.5 * HOUR }), volume({ from: born + 2.5 * HOUR, quantity: 10 }));
    const between = async (from: number, to: number) =>
      (await value(store.unitsBetween('hourly', null, from, to, signal))).reduce((sum, { units }) => sum + units, 0n) / BigInt(HOUR);
    expect(await between(0, born + 1)).toBe(3n);
    expect(await between(0, born + HOUR)).toBe(3n);
    expect(await between(0, born + 2 * HOUR + 1)).toBe(9n);
    expect(await between(0, born + 4 * HOUR)).toBe(19n);
    const cuts = [0, born + 0.3 * HOUR, born + 1.7 * HOUR, born + 2.9 * HOUR, born + 4 * HOUR];
    let sum = 0n;
    for (const [at, from] of cuts.entries()) sum += await between(from, cuts[at + 1] ?? from);
    expect(sum).toBe(19n);
  });
  test('one item of an organization, oldest first', async () => {
    const certificate = (name: string, bornAt: number) => row({ resource: name, item: 'certificate', cls: 'single', bornAt, from: bornAt });
    await rewrite('items', 0, certificate('b', 20));
    await rewrite('items', 0, certificate('a', 30));
    await rewrite('items', 0, certificate('c', 10));
    await rewrite('items', 0, row({ resource: 'm9' }));
    expect((await value(store.intervalsOfItem('items', 'certificate', 0, 25, signal))).map(({ resource }) => resource)).toEqual(['c', 'b']);
  });
  test('hours of what may rest', async () => {
    await rewrite(
      'hours',
      0,
      row({ rests: true, from: 0.5 * HOUR, to: 2.25 * HOUR }),
      row({ rests: true, item: 'rootfs', from: 2.25 * HOUR, to: 5 * HOUR }),
      row({ rests: true, from: 5 * HOUR }),
    );
    await rewrite('hours', 0, row({ resource: 'm2', rests: true, from: 2 * HOUR, to: 2.5 * HOUR }));
    await rewrite('hours', 0, row({ resource: 'm3', from: 0 }));
    const hours = await value(store.hoursBetween('hours', 0, 5.5 * HOUR, signal));
    expect(hours.map(({ hour, units }) => [hour / HOUR, Number(units) / HOUR])).toEqual([
      [0, 0.5],
      [1, 1],
      [2, 0.75],
      [5, 0.5],
    ]);
  });
  test('a finished month is kept once, and opened when something of it changes', async () => {
    const units = {
      environment: null,
      app: 'web',
      group: '',
      region: 'nrt',
      item: 'compute',
      cls: 'x',
      rests: false,
      units: 12_345_678_901_234_567_890n,
      guessed: false,
    };
    await value(store.sealMonth('seal', '2026-09', [units], signal));
    await value(store.sealMonth('seal', '2026-09', [{ ...units, units: 1n }], signal));
    await value(store.sealMonth('seal', '2026-10', [], signal));
    expect(await value(store.sealedMonths('seal', signal))).toEqual(['2026-09', '2026-10']);
    expect(await value(store.monthUnits('seal', null, '2026-01', '2026-12', signal))).toEqual([{ ...units, month: '2026-09' }]);
    expect(await value(store.monthUnits('seal', 'api', '2026-01', '2026-12', signal))).toEqual([]);
    await value(store.unsealFrom('seal', '2026-10', signal));
    expect(await value(store.sealedMonths('seal', signal))).toEqual(['2026-09']);
    await value(store.unsealFrom('seal', '2026-01', signal));
    expect(await value(store.monthUnits('seal', null, '2026-01', '2026-12', signal))).toEqual([]);
  });
  test('quantities are written over by a later reading', async () => {
    const bytes = { environment: null, app: 'web', region: 'nrt', item: 'egress', cls: 'bytes', at: 10, quantity: 5 };
    await value(store.saveQuantities('amounts', [bytes, { ...bytes, at: 20 }], signal));
    await value(store.saveQuantities('amounts', [{ ...bytes, quantity: 7 }], signal));
    await value(store.saveQuantities('amounts', [], signal));
    expect(await value(store.quantities('amounts', 0, 20, signal))).toEqual([{ ...bytes, quantity: 7 }]);
  });
  test('documents: newest first, one per key, and gone when removed', async () => {
    const save = (key: string, at: number, document: string) =>
      value(store.saveDocument('laws', { key, at, document: { said: document } }, signal));
    await save('a', 1, 'one');
    await save('b', 2, 'two');
    await save('a', 3, 'three');
    expect((await value(store.documents('laws', 10, signal))).map(({ key, document }) => [key, document])).toEqual([
      ['a', { said: 'three' }],
      ['b', { said: 'two' }],
    ]);
    expect(await value(store.documents('laws', 1, signal))).toHaveLength(1);
    expect(await value(store.document('laws', 'b', signal))).toEqual({ key: 'b', at: 2, document: { said: 'two' } });
    expect(await value(store.document('other', 'b', signal))).toBeNull();
    expect([await value(store.removeDocument('laws', 'a', signal)), await value(store.removeDocument('laws', 'a', signal))]).toEqual([
      true,
      false,
    ]);
  });
  test('the audit can be counted', async () => {
    const entry = {
      at: 5,
      actor: 'trimtab',
      environment: 'count',
      app: 'web',
      what: 'app/release close-release',
      from: null,
      to: null,
      why: '',
      result: 'landed',
    };
    await value(
      store.appendAudit(
        [entry, { ...entry, at: 6 }, { ...entry, result: 'failed' }, { ...entry, what: 'volume/x' }, { ...entry, at: 50 }],
        signal,
      ),
    );
    expect(await value(store.countAudit({ what: 'app/release close', result: 'landed', from: 0, to: 10 }, signal))).toEqual([
      { environment: 'count', app: 'web', count: 2 },
    ]);
  });
});
