/** What is about no single app: the organization's machines, regions, room, the token. */
import type { RegionCode } from '#domain/ids.ts';
import { ok } from '#domain/result.ts';
import { type Instant, instant, instantToIso } from '#domain/units.ts';
import { perform } from './call.ts';
import { asText, type Flaps, toRaw } from './flaps.ts';
import { type OrgPage, parseOrgPage } from './org-page.ts';
import { readPages } from './pages.ts';
import type { FlyClient } from './port.ts';
import { judgeBy, judgeWith } from './reply.ts';
import { PlacementsReply, RegionsReply, TokenReply } from './states.ts';

/** The largest the platform takes; it may give fewer. */
const PAGE = 1_000;

export function makeOrganizationCalls({ wire, http }: Flaps): Pick<FlyClient, 'listOrgMachines'> {
  return {
    async listOrgMachines(organization, updatedAfter, signal) {
      const call = { operation: 'list organization machines', action: 'org.machines', id: organization, idempotent: true };
      const since = updatedAfter === null ? {} : { updated_after: instantToIso(updatedAfter) };
      const pages = await readPages(call.operation, (cursor) => {
        const query = { include_deleted: true, limit: PAGE, ...since, ...(cursor === null ? {} : { cursor }) };
        const params = { path: { org_slug: organization }, query };
        const send = (within: AbortSignal) => toRaw(http.GET('/orgs/{org_slug}/machines', { params, signal: within, ...asText }));
        return perform(wire, { ...call, send, judge: judgeWith(call, parseOrgPage) }, signal);
      });
      if (!pages.ok) return pages;
      return ok({
        machines: pages.value.flatMap((page) => page.machines),
        errorRegions: [...new Set(pages.value.flatMap((page) => page.errorRegions))],
        lastUpdatedAt: newestOf(pages.value),
      });
    },
  };
}
const newestOf = (pages: readonly OrgPage[]): Instant | null => {
  const given = pages.map((page) => page.lastUpdatedAt).filter((at) => at !== null);
  return given.length === 0 ? null : instant(Math.max(...given));
};

export function makePlatformCalls({ wire, http }: Flaps): Pick<FlyClient, 'listRegions' | 'placements' | 'currentToken'> {
  return {
    listRegions(signal) {
      const call = { operation: 'list regions', action: 'region.list', id: 'platform', idempotent: true };
      const send = (within: AbortSignal) => toRaw(http.GET('/platform/regions', { signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, RegionsReply) }, signal);
    },
    async placements(organization, guest, count, regions, signal) {
      const call = { operation: 'find placements', action: 'placement.find', id: organization, idempotent: true };
      const roomy: RegionCode[] = [];
      // One region at a time: asked for several, the platform spreads the machines and says nothing about each.
      for (const region of regions) {
        const body = { org_slug: organization, compute: guest, count, region };
        const send = (within: AbortSignal) => toRaw(http.POST('/platform/placements', { body, signal: within, ...asText }));
        const found = await perform(wire, { ...call, send, judge: judgeBy(call, PlacementsReply) }, signal);
        if (!found.ok && found.error.code !== 'FLY_NO_CAPACITY') return found;
        const room = found.ok ? found.value.find((row) => row.region === region) : undefined;
        if (room !== undefined && room.count >= count) roomy.push(region);
      }
      return ok(roomy);
    },
    currentToken(signal) {
      const call = { operation: 'show token', action: 'token.show', id: 'token', idempotent: true };
      const send = (within: AbortSignal) => toRaw(http.GET('/tokens/current', { signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, TokenReply) }, signal);
    },
  };
}
