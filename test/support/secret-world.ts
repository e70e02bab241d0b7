/** One app with secrets, and what the platform and its machines hold of them. */
import type { Files, Harness } from './harness.ts';
import { oneApp, type WorldOptions } from './worlds.ts';

export const APP = 'acme-web';
/** `secrets`: lines of the app's `secrets:` block. */
export const withSecrets = (secrets: Readonly<Record<string, string>>, options: WorldOptions = {}, more = ''): Files =>
  oneApp({
    ...options,
    extra: `${options.extra ?? ''}  secrets:\n${Object.entries(secrets)
      .map(([name, text]) => `    ${name}: ${text}\n`)
      .join('')}${more}`,
  });
export const digestsOf = ({ simulator }: Harness, app = APP): Readonly<Record<string, string>> =>
  Object.fromEntries([...simulator.world.secrets.values()].filter((row) => row.app === app).map(({ name, digest }) => [name, digest]));
export const versionOf = ({ simulator }: Harness, app = APP): number => simulator.world.apps.get(app)?.secretsVersion ?? 0;
/** With which version of the secrets each machine was started. */
export const machineVersions = (harness: Harness, app = APP): readonly number[] =>
  harness.machines(app).map(({ secretsVersion }) => secretsVersion);
export const setByHand = async (harness: Harness, values: Readonly<Record<string, string | null>>, app = APP): Promise<void> => {
  const answer = await harness.byHand('POST', `/v1/apps/${app}/secrets`, { values });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
};
export const stateOf = (harness: Harness, name: string, app = APP): string | undefined =>
  harness.status(app)?.secrets?.find((secret) => secret.name === name)?.state;
export const holdsOf = (harness: Harness, app = APP): readonly string[] =>
  (harness.status(app)?.held ?? []).map(({ reason, subject }) => `${reason} ${subject}`);
/** Writes of secrets so far. */
export const secretWrites = ({ simulator }: Harness): number => simulator.world.counters.byRoute.get('POST /apps/{app_name}/secrets') ?? 0;
