import { expect, test } from 'vitest';
import type { SyncWindow } from '#domain/revision.ts';
import { type Instant, instant, ms } from '#domain/units.ts';
import { isCron, windowFault, windowHold, windowsHolding } from '#domain/window.ts';

const HOUR = 3_600_000;
const at = (text: string): Instant => instant(Date.parse(text));
const aWindow = (over: Partial<SyncWindow> & { readonly hours?: number } = {}): SyncWindow => {
  const { hours = 2, ...rest } = over;
  return { kind: 'deny', cron: '0 9 * * 1-5', duration: ms(hours * HOUR), timeZone: 'Asia/Tokyo', holds: ['corrections'], ...rest };
};
const untilOf = (windows: readonly SyncWindow[], now: string): string | null => {
  const hold = windowHold(windows, at(now));
  return hold === null ? null : new Date(hold.until).toISOString();
};

// 2026-11-24 is a Tuesday; nine in Tokyo is midnight in UTC.
test.each([
  { situation: 'before a deny window', now: '2026-11-23T23:59:59.999Z', until: null },
  { situation: 'at its first moment', now: '2026-11-24T00:00:00Z', until: '2026-11-24T02:00:00.000Z' },
  { situation: 'in the middle of a second', now: '2026-11-24T00:00:00.400Z', until: '2026-11-24T02:00:00.000Z' },
  { situation: 'just before its end', now: '2026-11-24T01:59:59.999Z', until: '2026-11-24T02:00:00.000Z' },
  { situation: 'at its end', now: '2026-11-24T02:00:00Z', until: null },
  { situation: 'on a day it does not name', now: '2026-11-28T00:30:00Z', until: null },
])('one deny window: $situation', ({ now, until }) => {
  expect(untilOf([aWindow()], now)).toBe(until);
});
test.each([
  { situation: 'inside', now: '2026-11-24T00:30:00Z', until: null },
  { situation: 'after it, on a Friday: until Monday', now: '2026-11-27T03:00:00Z', until: '2026-11-30T00:00:00.000Z' },
  { situation: 'at its end', now: '2026-11-24T02:00:00Z', until: '2026-11-25T00:00:00.000Z' },
])('one allow window: $situation', ({ now, until }) => {
  expect(untilOf([aWindow({ kind: 'allow' })], now)).toBe(until);
});
test('no window holds nothing', () => {
  expect(windowHold([], at('2026-11-24T00:30:00Z'))).toBeNull();
});
test('two allow windows let through what either lets through, and the sooner of their starts is told', () => {
  const windows = [
    aWindow({ kind: 'allow', cron: '0 1 * * *', timeZone: 'UTC', hours: 1 }),
    aWindow({ kind: 'allow', cron: '0 5 * * *', timeZone: 'UTC', hours: 1 }),
  ];
  expect(untilOf(windows, '2026-11-24T01:30:00Z')).toBeNull();
  expect(untilOf(windows, '2026-11-24T05:30:00Z')).toBeNull();
  expect(untilOf(windows, '2026-11-24T02:30:00Z')).toBe('2026-11-24T05:00:00.000Z');
});
test('deny wins over allow, and the end is where both let go', () => {
  const allow = aWindow({ kind: 'allow', cron: '0 8 * * *', timeZone: 'UTC', hours: 10 });
  const deny = aWindow({ cron: '0 12 * * *', timeZone: 'UTC', hours: 1 });
  expect(untilOf([allow, deny], '2026-11-24T12:30:00Z')).toBe('2026-11-24T13:00:00.000Z');
  expect(untilOf([allow, deny], '2026-11-24T11:59:00Z')).toBeNull();
  // Denied until one, and from six in the evening on nothing is allowed before the next morning.
  const late = aWindow({ cron: '0 17 * * *', timeZone: 'UTC', hours: 2 });
  expect(untilOf([allow, late], '2026-11-24T17:30:00Z')).toBe('2026-11-25T08:00:00.000Z');
});
test('windows that lie end to end are one hold', () => {
  const first = aWindow({ cron: '0 1 * * *', timeZone: 'UTC', hours: 2 });
  const second = aWindow({ cron: '0 3 * * *', timeZone: 'UTC', hours: 2 });
  expect(untilOf([first, second], '2026-11-24T01:30:00Z')).toBe('2026-11-24T05:00:00.000Z');
});
test('a window keeps its hour when the clocks change', () => {
  const berlin = aWindow({ cron: '0 9 * * *', timeZone: 'Europe/Berlin', hours: 1 });
  expect(untilOf([berlin], '2026-03-28T08:30:00Z')).toBe('2026-03-28T09:00:00.000Z');
  expect(untilOf([berlin], '2026-03-30T07:30:00Z')).toBe('2026-03-30T08:00:00.000Z');
  expect(untilOf([berlin], '2026-03-30T08:30:00Z')).toBeNull();
});
test('the reason names the window as it is written', () => {
  expect(windowHold([aWindow()], at('2026-11-24T00:30:00Z'))?.reason).toBe(
    'inside the window that denies from "0 9 * * 1-5" Asia/Tokyo on',
  );
  expect(windowHold([aWindow({ kind: 'allow' })], at('2026-11-24T03:30:00Z'))?.reason).toContain('outside the window that allows');
});
test('a window holds what it names and nothing else', () => {
  const releases = aWindow({ holds: ['releases'] });
  const both = aWindow({ holds: ['releases', 'corrections'] });
  expect(windowsHolding([releases, both], 'corrections')).toEqual([both]);
  expect(windowsHolding([releases, both], 'releases')).toEqual([releases, both]);
});
test.each([
  { situation: 'an ordinary one', window: aWindow(), fault: null },
  { situation: 'a date that does not exist', window: aWindow({ cron: '0 0 30 2 *' }), fault: 'never-begins' },
  { situation: 'a denial that begins again before it ends', window: aWindow({ cron: '0 * * * *', hours: 1 }), fault: 'never-ends' },
  { situation: 'the same, allowed', window: aWindow({ kind: 'allow', cron: '0 * * * *', hours: 1 }), fault: null },
  { situation: 'a denial of a week, once a year', window: aWindow({ cron: '0 0 24 12 *', hours: 168 }), fault: null },
])('a window that would hold for ever is told: $situation', ({ window, fault }) => {
  expect(windowFault(window)).toBe(fault);
});
test.each([
  { text: '0 9 * * 1-5', is: true },
  { text: '*/15 0-6 1,15 JAN-MAR MON', is: true },
  { text: '60 9 * * *', is: false },
  { text: '0 24 * * *', is: false },
  { text: '0 9 * 13 *', is: false },
  { text: '0 9 * *', is: false },
  { text: '0 0 9 * * *', is: false },
  { text: '@daily', is: false },
])('five fields within their bounds: $text', ({ text, is }) => {
  expect(isCron(text)).toBe(is);
});
