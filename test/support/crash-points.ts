/** Where a controller may die: right after each write of it, on the platform or in its store. Dying before one leaves what dying after the one
 *  before it leaves, so these are both sides of every write. */
import type { Store } from '#platform/store/port.ts';

/** Complete, or it is no type. */
const STORE = {
  claimIdentity: 'writes',
  takeApp: 'writes',
  readApp: 'reads',
  saveApp: 'writes',
  apps: 'reads',
  forgetApp: 'writes',
  openIntent: 'writes',
  closeIntent: 'writes',
  appendAudit: 'writes',
  audit: 'reads',
  saveRevision: 'writes',
  revision: 'reads',
  environment: 'reads',
  saveEnvironment: 'writes',
  situation: 'reads',
  statuses: 'reads',
  watchOrganization: 'writes',
  takeTurn: 'writes',
  observations: 'reads',
  halts: 'reads',
  halt: 'writes',
  unhalt: 'writes',
  approvals: 'reads',
  approve: 'writes',
  endApproval: 'writes',
  releaseBook: 'reads',
  saveReleaseBook: 'writes',
  saveRelease: 'writes',
  releases: 'reads',
  secrets: 'reads',
  saveSecrets: 'writes',
  rewriteIntervals: 'writes',
  recentIntervals: 'reads',
  intervalsOfItem: 'reads',
  unitsBetween: 'reads',
  firstInterval: 'reads',
  sealMonth: 'writes',
  sealedMonths: 'reads',
  unsealFrom: 'writes',
  monthUnits: 'reads',
  saveQuantities: 'writes',
  quantities: 'reads',
  hoursBetween: 'reads',
  saveDocument: 'writes',
  removeDocument: 'writes',
  documents: 'reads',
  document: 'reads',
  countAudit: 'reads',
  tokens: 'reads',
  addToken: 'writes',
  removeToken: 'writes',
  addSession: 'writes',
  removeSessions: 'writes',
  personBySession: 'reads',
  close: 'reads',
} as const satisfies Readonly<Record<keyof Store, 'reads' | 'writes'>>;
const READS = new Set<string>(Object.entries(STORE).flatMap(([name, does]) => (does === 'reads' ? [name] : [])));

export const isReadOf = (method: string | symbol): boolean => READS.has(String(method));
/** GraphQL asks and writes by the same verb. */
export async function isReadOfPlatform(request: Request): Promise<boolean> {
  if (request.method === 'GET') return true;
  return new URL(request.url).pathname === '/graphql' && !/mutation/.test(await request.clone().text());
}
