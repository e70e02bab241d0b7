/** Go durations, as the platform's own client writes and reads them: `1m30s`, `500ms`; bare numbers mean nanoseconds on the wire. */

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Nanoseconds; null when the text is not a duration. */
export function durationToNs(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  const negative = trimmed.startsWith('-');
  const body = trimmed.replace(/^[+-]/, '');
  if (body === '') return null;
  let total = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < body.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const match = PART.exec(body);
    if (match === null) return null;
    total += Number(match[1]) * (UNIT_NS[match[2] ?? ''] ?? Number.NaN);
  }
  return Number.isNaN(total) ? null : Math.round(negative ? -total : total);
}

/** The spelling of Go's `Duration.String()`: 60 s = `1m0s`, 90 s = `1m30s`, 500 ms = `500ms`, 0 = `0s`. */
export function nsToDuration(ns: number): string {
  if (ns === 0) return '0s';
  const sign = ns < 0 ? '-' : '';
  const size = Math.abs(ns);
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${trim(size / 1e3)}µs`;
  if (size < 1e9) return `${sign}${trim(size / 1e6)}ms`;
  const hours = Math.floor(size / 3600e9);
  const minutes = Math.floor((size % 3600e9) / 60e9);
  const rest = trim((size % 60e9) / 1e9);
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${sign}${minutes}m${rest}s` : `${sign}${rest}s`;
}
/** At most nine decimals, no trailing zeros. */
const trim = (value: number): string => String(Number(value.toFixed(9)));
