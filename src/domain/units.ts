/** Branded quantities. Money is integer micro-dollars, time is integer milliseconds: never floats. */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Milliseconds since the Unix epoch. */
export type Instant = Unit<'Instant'>;
/** A span of milliseconds. */
export type Ms = Unit<'Ms'>;
/** Micro-dollars (1 USD = 1,000,000). */
export type MicroUsd = Unit<'MicroUsd'>;

export const instant = (epochMs: number): Instant => Math.round(epochMs) as Instant;
export const ms = (milliseconds: number): Ms => Math.round(milliseconds) as Ms;
export const seconds = (count: number): Ms => ms(count * 1_000);
export const minutes = (count: number): Ms => ms(count * 60_000);
export const hours = (count: number): Ms => ms(count * 3_600_000);
export const days = (count: number): Ms => hours(count * 24);
export const microUsd = (micro: number): MicroUsd => Math.round(micro) as MicroUsd;

export const after = (start: Instant, span: Ms): Instant => instant(start + span);
export const elapsed = (from: Instant, to: Instant): Ms => ms(to - from);
export const instantToIso = (at: Instant): string => new Date(at).toISOString();

/** Parses RFC 3339; null when the text is not a date (platform replies may hold anything). */
export function isoToInstant(text: string): Instant | null {
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? null : instant(epochMs);
}
