import { describe, expect, test } from 'vitest';
import { dayOf, daySpan, hourOfWeek, monthOf, monthSpan, monthToSpan, weekSpan } from '#domain/calendar.ts';
import { instant, instantToIso } from '#domain/units.ts';

const at = (iso: string) => instant(Date.parse(iso));
const told = ({ from, to }: { from: number; to: number }) =>
  `${instantToIso(instant(from)).slice(0, 16)} ${instantToIso(instant(to)).slice(0, 16)}`;

describe('spans', () => {
  test.each([
    ['2026-11-24T12:00:00Z', '2026-11-01T00:00 2026-12-01T00:00'],
    ['2026-12-31T23:59:59Z', '2026-12-01T00:00 2027-01-01T00:00'],
  ])('the billing month of %s', (iso, want) => expect(told(monthSpan(at(iso)))).toBe(want));
  test.each([
    ['2026-11-24T12:00:00Z', 'UTC', 0, '2026-11-23T00:00 2026-11-30T00:00'],
    ['2026-11-24T12:00:00Z', 'UTC', 1, '2026-11-16T00:00 2026-11-23T00:00'],
    // Monday has begun in Tokyo while it is Sunday in UTC.
    ['2026-11-22T16:00:00Z', 'Asia/Tokyo', 0, '2026-11-22T15:00 2026-11-29T15:00'],
    ['2026-11-22T14:00:00Z', 'Asia/Tokyo', 0, '2026-11-15T15:00 2026-11-22T15:00'],
    // The clock goes back on Sunday, 25 October: that week has 169 hours.
    ['2026-10-21T12:00:00Z', 'Europe/Berlin', 0, '2026-10-18T22:00 2026-10-25T23:00'],
    ['2026-03-25T12:00:00Z', 'Europe/Berlin', 0, '2026-03-22T23:00 2026-03-29T22:00'],
    ['2026-01-01T00:00:00Z', 'Asia/Kolkata', 0, '2025-12-28T18:30 2026-01-04T18:30'],
  ])('the week of %s in %s, %d back', (iso, zone, back, want) => expect(told(weekSpan(at(iso), zone, back))).toBe(want));
  test.each([
    ['2026-11-24T12:00:00Z', 'UTC', '2026-11-24T00:00 2026-11-25T00:00', '2026-11-24'],
    ['2026-11-24T20:00:00Z', 'Asia/Tokyo', '2026-11-24T15:00 2026-11-25T15:00', '2026-11-25'],
    ['2026-10-25T12:00:00Z', 'Europe/Berlin', '2026-10-24T22:00 2026-10-25T23:00', '2026-10-25'],
  ])('the day of %s in %s', (iso, zone, want, day) => {
    expect(told(daySpan(at(iso), zone))).toBe(want);
    expect(dayOf(at(iso), zone)).toBe(day);
  });
  test('months by name', () => {
    expect(monthOf(at('2026-11-24T12:00:00Z'))).toBe('2026-11');
    expect(told(monthToSpan('2026-02') ?? { from: 0, to: 0 })).toBe('2026-02-01T00:00 2026-03-01T00:00');
    expect([monthToSpan('2026-13'), monthToSpan('November'), monthToSpan('2026-1')]).toEqual([null, null, null]);
  });
  test('hours of the week begin on Monday, midnight UTC', () => {
    expect([hourOfWeek(at('2026-11-23T00:30:00Z')), hourOfWeek(at('2026-11-29T23:59:00Z'))]).toEqual([0, 167]);
  });
});
