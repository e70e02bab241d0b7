/** "Not found" where it is an answer and no failure. */
import { ok } from '#domain/result.ts';
import type { Reply } from './port.ts';

/** Absence as success: what is deleted twice is gone all the same. */
export async function goneIsDone<T>(reply: Reply<T>): Reply<void> {
  const result = await reply;
  if (result.ok || result.error.code === 'FLY_NOT_FOUND') return ok(undefined);
  return result;
}
/** Absence as null. */
export async function absentIsNull<T>(reply: Reply<T>): Reply<T | null> {
  const result = await reply;
  return !result.ok && result.error.code === 'FLY_NOT_FOUND' ? ok(null) : result;
}
