import { expect, test } from 'vitest';
import { isClosed } from '#domain/guard-window.ts';
import type { SyncWindow } from '#domain/revision.ts';
import { after, instant, minutes } from '#domain/units.ts';
import { windowHold } from '#domain/window.ts';

const window = (cron: string, timeZone = 'UTC', kind: SyncWindow['kind'] = 'deny'): SyncWindow => ({
  ...{ kind, cron, timeZone, duration: minutes(120), holds: ['releases'] },
});
const START = instant(Date.UTC(2026, 9, 1, 0, 0, 30));

test.each([
  window('0 9 * * 1-5', 'Asia/Tokyo'),
  window('30 22 * * *', 'America/New_York'),
  window('0 */6 1,15 * *'),
  window('15 8 * OCT MON'),
  window('0 0 * * 0'),
  window('0 0 * * 7'),
  window('0 6 * * 1-5', 'Europe/Berlin', 'allow'),
])('$kind $cron in $timeZone is closed for the guard when it is for the planner', (one) => {
  // Every half hour of a fortnight.
  for (let step = 0; step < 14 * 48; step += 1) {
    const at = after(START, minutes(30 * step));
    expect({ at, closed: isClosed([one], at) }).toEqual({ at, closed: windowHold([one], at) !== null });
  }
});
test.each([
  { situation: 'a moment of either day, where both are given', one: window('0 * 1 * THU'), at: Date.UTC(2026, 9, 8, 10, 30), closed: true },
  { situation: 'and the day of the month alone', one: window('0 * 9 * MON'), at: Date.UTC(2026, 9, 9, 10, 30), closed: true },
  { situation: 'a day that is neither', one: window('0 * 9 * MON'), at: Date.UTC(2026, 9, 10, 12, 30), closed: false },
  { situation: 'the minute in which it ends', one: window('0 9 * * *'), at: Date.UTC(2026, 9, 1, 11, 0), closed: false },
  { situation: 'the minute before', one: window('0 9 * * *'), at: Date.UTC(2026, 9, 1, 10, 59), closed: true },
])('$situation: $closed', ({ one, at, closed }) => {
  expect(isClosed([one], instant(at))).toBe(closed);
});
test('one window that allows is enough, and one that denies stands over it', () => {
  const [morning, evening] = [window('0 6 * * *', 'UTC', 'allow'), window('0 18 * * *', 'UTC', 'allow')];
  const at = instant(Date.UTC(2026, 9, 1, 6, 30));
  expect(isClosed([morning, evening], at)).toBe(false);
  expect(isClosed([evening], at)).toBe(true);
  expect(isClosed([morning, evening, window('15 6 * * *')], at)).toBe(true);
  expect(isClosed([], at)).toBe(false);
});
test('corrections alone are none of its business', () => {
  expect(isClosed([{ ...window('* * * * *'), holds: ['corrections'] }], START)).toBe(false);
});
