/** Exact money. Prices are fractions of whole numbers; an amount is rounded once, where it becomes a line that somebody reads: half away from
 *  zero, to a micro-dollar. Totals are sums of such lines, so that every breakdown adds up to the same. */
import { type MicroUsd, microUsd } from './units.ts';

/** `nano / per` nano-dollars for one unit of what is counted (a millisecond, a byte, …). */
export interface Rate {
  readonly nano: bigint;
  readonly per: bigint;
}
const NANO_PER_MICRO = 1_000n;
export const NANO = 1_000_000_000n;

/** What so many units cost. */
export function amountOf({ nano, per }: Rate, units: bigint): MicroUsd {
  return microUsd(Number(roundedQuotient(nano * units, per * NANO_PER_MICRO)));
}
/** Half away from zero. `divisor` is positive. */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const size = dividend < 0n ? -dividend : dividend;
  const quotient = (size * 2n + divisor) / (divisor * 2n);
  return dividend < 0n ? -quotient : quotient;
}

const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/;
/** `0.695` → 695,000,000 billionths; null when it is no decimal number of at most nine places. */
export function decimalToNano(text: string): bigint | null {
  const [, sign, whole, part = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return null;
  const nano = BigInt(whole) * NANO + BigInt(part.padEnd(9, '0'));
  return sign === '-' ? -nano : nano;
}
/** Dollars as a person reads them: `$1,234.56`. */
export function microToDollars(micro: number, places = 2): string {
  const size = roundedQuotient(BigInt(Math.round(micro)), 10n ** BigInt(6 - places));
  const digits = (size < 0n ? -size : size).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${size < 0n ? '-' : ''}$${whole}${places === 0 ? '' : `.${digits.slice(-places)}`}`;
}
