/** The small shapes that desired state is written in: durations, sizes, names, schedules. Each parses text into the unit used inside. */
import { z } from 'zod';
import { type Ms, ms } from './units.ts';
import { isCron } from './window.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** `90s`, `10m`, `1h30m`, `24h`, `90d` → milliseconds; null when it is none. */
function durationToMs(text: string): Ms | null {
  if (!DURATION.test(text)) return null;
  const total = [...text.matchAll(DURATION_PART)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0);
  return Number.isSafeInteger(Math.round(total)) ? ms(total) : null;
}
export const Duration = z
  .string()
  .regex(DURATION, 'expected a duration such as 90s, 10m, 24h or 90d')
  .transform((text) => durationToMs(text) ?? ms(0));

const MEMORY = /^\d+(?:mb|gb)?$/i;
/** `512mb`, `2gb` or a bare number of megabytes → megabytes. */
export const MemoryMb = z.union(
  [
    z.number().int().positive(),
    z
      .string()
      .regex(MEMORY, 'expected memory such as 512mb or 2gb')
      .transform((text) => Number.parseInt(text, 10) * (/gb$/i.test(text) ? 1_024 : 1)),
  ],
  { error: 'expected memory such as 512mb or 2gb' },
);

/** The platform's limit for an app's name. */
const MAX_NAME = 63;
export const FlyAppName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, "expected an app's name: lower-case letters, digits and dashes")
  .max(MAX_NAME, `expected at most ${MAX_NAME} characters`);
export const ObjectName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'expected a name of lower-case letters, digits and dashes')
  .max(MAX_NAME, `expected at most ${MAX_NAME} characters`);
export const Organization = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "expected the organization's slug, such as acme (fly orgs list)");
export const Region = z.string().regex(/^[a-z]{3}$/, 'expected a region of three letters, such as nrt');
export const VariableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a variable name such as SESSION_SECRET');
export const GroupText = z.string().regex(/^[A-Za-z0-9_-]+$/, 'expected the name of a process group');
export const ImageText = z
  .string()
  .regex(/^[^\s@]+(?:@sha256:[0-9a-f]{64})?$/, 'expected an image such as registry.fly.io/app:v42 or repo@sha256:<64 hex digits>');
export const Hostname = z
  .string()
  .regex(/^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'expected a host name such as app.example.com');
export const FilePath = z
  .string()
  .min(1, 'expected a path')
  .regex(/^[^\0]+$/, 'expected a path');
export const JsonPointer = z.string().regex(/^(?:\/[^/]+)+$/, 'expected a JSON pointer into the machine config, such as /guest/memory_mb');
export const Cron = z
  .string()
  .regex(/^[\d*,/A-Za-z-]+(?: +[\d*,/A-Za-z-]+){4}$/, 'expected five cron fields, such as "0 9 * * 1-5"')
  .transform((text) => text.replace(/ +/g, ' '))
  .refine(isCron, 'expected five cron fields within their bounds: minute, hour, day of month, month, day of week');
export const TimeZone = z.string().refine(isTimeZone, 'expected a time zone such as Asia/Tokyo or UTC');
function isTimeZone(text: string): boolean {
  if (text === 'UTC') return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }) instanceof Intl.DateTimeFormat;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Environment values are text on the platform; numbers and booleans are written as YAML reads them. */
export const EnvValue = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text, a number, true or false' })
  .transform((value) => String(value));
export const EnvMap = z.record(VariableName, EnvValue);
