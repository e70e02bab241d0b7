/** One page of the organization-wide machine list (openapi/fly-machines.yaml#OrgMachinesResponse).
 *  Parsed by hand: it is read every tick for every machine there is, and this is about four times as fast as a schema (test/platform/org-page.test.ts counts). */
import { appName, instanceId, machineId, type RegionCode, regionCode } from '#domain/ids.ts';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import type { MachineGuest } from '#domain/machine-config.ts';
import type { OrgMachine } from '#domain/observed.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Instant } from '#domain/units.ts';
import { toInstant, toInstantOrNull } from './reply.ts';

export interface OrgPage {
  readonly machines: readonly OrgMachine[];
  readonly errorRegions: readonly RegionCode[];
  readonly lastUpdatedAt: Instant | null;
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export function parseOrgPage(value: unknown): Result<OrgPage, string> {
  if (!isJsonObject(value)) return err('body: not an object');
  const entries = value['machines'] ?? [];
  if (!Array.isArray(entries)) return err('machines: not a list');
  const machines: OrgMachine[] = [];
  for (const entry of entries) {
    const machine = isJsonObject(entry) ? entryToMachine(entry) : null;
    if (machine === null) return err(`machines.${machines.length}: no id, app_name or state`);
    machines.push(machine);
  }
  const regions = value['error_regions'] ?? [];
  // A list of missing regions that cannot be read would make absence look like deletion.
  if (!(Array.isArray(regions) && regions.every((region) => typeof region === 'string'))) return err('error_regions: not a list of texts');
  return ok({
    machines,
    errorRegions: regions.map(regionCode),
    lastUpdatedAt: toInstantOrNull(textOr(value['last_updated_at'], '')),
    nextCursor: textOr(value['next_cursor'], '') || null,
  });
}

function entryToMachine(entry: JsonObject): OrgMachine | null {
  const { id, app_name: app, state } = entry;
  if (typeof id !== 'string' || typeof app !== 'string' || typeof state !== 'string') return null;
  const created = textOr(entry['created_at'], '');
  return {
    id: machineId(id),
    app: appName(app),
    name: textOr(entry['name'], ''),
    region: regionCode(textOr(entry['region'], '')),
    state,
    instanceId: instanceId(textOr(entry['instance_id'], '') || textOr(entry['version'], '')),
    createdAt: toInstant(created),
    updatedAt: toInstant(textOr(entry['updated_at'], created)),
    metadata: configToMetadata(entry['config']),
    ...guestOf(entry['config']),
  };
}

function guestOf(config: unknown): { readonly guest?: MachineGuest } {
  const guest = isJsonObject(config) ? config['guest'] : undefined;
  return isGuest(guest) ? { guest } : {};
}
const isGuest = (value: unknown): value is MachineGuest =>
  isJsonObject(value) && typeof value['cpus'] === 'number' && typeof value['memory_mb'] === 'number';
function configToMetadata(config: unknown): Readonly<Record<string, string>> {
  const metadata = isJsonObject(config) ? config['metadata'] : undefined;
  return isTexts(metadata) ? metadata : {};
}
const isTexts = (value: unknown): value is Readonly<Record<string, string>> => {
  if (!isJsonObject(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
};
const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
