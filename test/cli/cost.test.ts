import { describe, expect, test } from 'vitest';
import { toMicro } from '#cli/cost.ts';
import { compareInvoice, costCsv, csvRows, daysCsv, daysText, percent } from '#cli/cost-text.ts';
import { weekMarkdown } from '#cli/week-text.ts';
import { CHECKLIST } from '#domain/checklist.ts';
import { organizationEntry } from '#domain/ledger.ts';
import { instant, microUsd } from '#domain/units.ts';
import type { WeekRecord } from '#engine/week-record.ts';

const entry = (app: string, item: 'compute' | 'volume', usd: number) => ({
  ...organizationEntry(item, 'x', 'nrt', usd * 1_000_000),
  app,
  environment: 'staging',
});

describe('an invoice', () => {
  const entries = [entry('web', 'compute', 10), entry('web', 'volume', 1.5), entry('api', 'compute', 4)];
  test('is compared line by line, the largest difference first', () => {
    const csv = 'App,Description,Amount\r\nweb,"Started machines, shared-cpu-1x",$12.00\nweb,Volumes,1.5\nghost,Dedicated IPv4,2\n';
    expect(compareInvoice(csv, entries)).toEqual({
      problem: null,
      lines: [
        { key: 'api compute', invoiced: 0, counted: 4_000_000 },
        { key: 'ghost address', invoiced: 2_000_000, counted: 0 },
        { key: 'web compute', invoiced: 12_000_000, counted: 10_000_000 },
        { key: 'web volume', invoiced: 1_500_000, counted: 1_500_000 },
      ],
    });
  });
  test('without apps is compared by item', () => {
    expect(compareInvoice('item,usd\nMachines,14\nSupport plan,29\n', entries).lines).toEqual([
      { key: 'fee', invoiced: 29_000_000, counted: 0 },
      { key: 'volume', invoiced: 0, counted: 1_500_000 },
      { key: 'compute', invoiced: 14_000_000, counted: 14_000_000 },
    ]);
  });
  test('that is none is told', () => {
    expect(compareInvoice('a,b\n1,2\n', entries)).toEqual({
      lines: [],
      problem: 'expected columns for what (item, description) and how much (amount, usd); found: a, b',
    });
  });
});
test('CSV survives commas, quotes and line ends', () => {
  expect(csvRows('a,"b, ""c"""\n\n1,"2\n3"\n')).toEqual([
    ['a', 'b, "c"'],
    ['1', '2\n3'],
  ]);
  const answer = {
    organization: 'acme',
    month: '2026-11',
    span: { from: instant(0), to: instant(1) },
    entries: [{ ...entry('web', 'compute', 1), cls: 'a "b", c' }],
    labels: { web: 'core' },
    summary: null,
    budgets: [],
    lines: [],
    actual: null,
    unknown: [],
    builds: 0,
  };
  expect(costCsv([answer]).split('\n')[1]).toBe('acme,2026-11,staging,web,core,,nrt,compute,"a ""b"", c",1.000000,');
});
test.each([
  ['43.10', 43_100_000],
  ['$29', 29_000_000],
  ['-0.000001', -1],
  ['many', null],
])('%s is %d micro-dollars', (text, micro) => expect(toMicro(text)).toBe(micro));
test('no earlier week is n/a', () => expect([percent(null), percent(0.2), percent(-0.031)]).toEqual(['n/a', '+20.0 %', '-3.1 %']));

const record: WeekRecord = {
  week: '2026-11-23',
  from: 0,
  to: 1,
  finished: true,
  organizations: [
    {
      organization: 'acme',
      cost: microUsd(5_000_000),
      before: null,
      weekOverWeek: null,
      monthToDate: microUsd(20_000_000),
      forecast: { amount: microUsd(30_000_000), low: microUsd(28_000_000), high: microUsd(33_000_000) },
      actual: null,
      budgets: [
        { name: 'all', level: 'warning', used: microUsd(20_000_000), amount: microUsd(25_000_000), forecast: microUsd(30_000_000) },
      ],
    },
  ],
  deploys: 3,
  driftCorrected: 2,
  releases: 1,
  failedReleases: 0,
  checklist: CHECKLIST.map((item) => ({
    item,
    evidence: 'a | b',
    signed: item === 'budget' ? { by: 'ann', at: Date.UTC(2026, 10, 24, 9), note: 'seen' } : null,
  })),
};
test('the weekly record reads in English and in Japanese, signed only by people', () => {
  const english = weekMarkdown(record, 'en');
  expect(english).toContain('# Week of 2026-11-23\n');
  expect(english).toContain('| acme | $5.00 | n/a | $20.00 | $30.00 ($28.00–$33.00) | n/a |');
  expect(english).toContain('| Budget used, growth on the week before | a \\| b | ann 2026-11-24 09:00 | seen |');
  expect(english.match(/not signed/g)).toHaveLength(6);
  const japanese = weekMarkdown(record, 'ja');
  expect(japanese).toContain('# 週次記録 2026-11-23');
  expect(japanese).toContain('| 予算消化率と前週比 | a \\| b | ann 2026-11-24 09:00 | seen |');
});
test('days: one line each with a bar against the dearest, and one row per app for a spreadsheet', () => {
  const [dear, cheap] = [
    { organization: 'acme', day: '2026-11-01', amount: microUsd(4_000_000), apps: [{ app: 'acme-web', amount: microUsd(4_000_000) }] },
    { organization: 'acme', day: '2026-11-02', amount: microUsd(-1_000_000), apps: [{ app: 'a,b', amount: microUsd(-1_000_000) }] },
  ] as const;
  expect(
    daysText([dear, cheap])
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual(['acme  $3.00', `2026-11-01        $4.00 ${'▇'.repeat(40)}`, '2026-11-02       -$1.00', '']);
  expect(daysCsv([dear, cheap])).toBe('organization,day,app,usd\nacme,2026-11-01,acme-web,4.000000\nacme,2026-11-02,"a,b",-1.000000\n');
});
