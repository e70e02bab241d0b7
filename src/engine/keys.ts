/** What the keys of the queue name: one app, the observation of one organization, the release of one environment. */
import type { AppName, EnvironmentName, OrgSlug } from '#domain/ids.ts';

export const KEY_KINDS = ['app', 'organization', 'release'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];
export interface AppKey {
  readonly environment: EnvironmentName;
  readonly app: AppName;
}
export const keyOf = ({ environment, app }: AppKey): string => `app/${environment}/${app}`;
export const organizationKey = (organization: OrgSlug): string => `organization/${organization}`;
export const releaseKey = (environment: EnvironmentName): string => `release/${environment}`;
/** Null: written by another version. */
export function kindOf(key: string): KeyKind | null {
  const word = key.split('/')[0];
  return KEY_KINDS.find((kind) => kind === word) ?? null;
}
