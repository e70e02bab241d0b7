/** A machine as people see it. Only the fields that matter are given. */
import type { MachineLine } from '#engine/machine-lines.ts';
import { SEEN_AT } from './statuses.ts';

export const aMachineLine = (over: Partial<MachineLine> = {}): MachineLine => ({
  id: '17811953',
  name: 'app-nrt-1',
  group: 'app',
  region: 'nrt',
  state: 'started',
  cordoned: false,
  image: 'acme-api:v42',
  version: '01HXYZABCDEFGHJKMNPQRSTVWX',
  checks: [{ name: 'servicecheck-00-http-8080', status: 'passing' }],
  revision: 'a'.repeat(64),
  digest: `sha256:${'4'.repeat(64)}`,
  secrets: 3,
  quarantine: null,
  belongs: 'own',
  updatedAt: SEEN_AT,
  ...over,
});
