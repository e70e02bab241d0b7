/** What people say to a controller, by the same operator that the commands and the API use. */
import { environmentName } from '#domain/ids.ts';
import type { Harness } from '#test/support/harness.ts';

export const ENVIRONMENT_NAME = environmentName('test');
/** Time passes while a person is answered: calls to the platform wait for their turn. */
export async function answered<T>(harness: Harness, asked: Promise<T>): Promise<T> {
  let done = false;
  const answer = asked.finally(() => {
    done = true;
  });
  for (let spent = 0; spent < 120 && !done; spent++) await harness.pass(0.5);
  return answer;
}
export async function approve(harness: Harness, by = 'somebody', plan: string | null = null): Promise<void> {
  const asked = harness.operator().approve({ environment: ENVIRONMENT_NAME, app: null }, by, plan, new AbortController().signal);
  const given = await answered(harness, asked);
  if (!given.ok) throw new Error(given.error.message);
}
