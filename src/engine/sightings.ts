/** What the platform told → what the meter sees: machines with their events, and everything else that costs. */
import { monthSpan } from '#domain/calendar.ts';
import type { AppName } from '#domain/ids.ts';
import type { JsonObject } from '#domain/json.ts';
import type {
  ObservedAddress,
  ObservedApp,
  ObservedCertificate,
  ObservedEgress,
  ObservedMachine,
  ObservedVolume,
  OrgMachine,
} from '#domain/observed.ts';
import { certificateClass, mayRest, USUAL_ROOTFS_GB } from '#domain/price.ts';
import { groupOf } from '#domain/price-held.ts';
import { classOfGuest, UNATTACHED } from '#domain/rates.ts';
import type { Instant } from '#domain/units.ts';
import type { Meter, Seen } from './meter.ts';

export interface Whereabouts {
  readonly organization: string;
  /** Null: no environment of git looks after the app. */
  readonly environment: string | null;
  readonly app: AppName;
}
export function machinesSeen(where: Whereabouts, machines: readonly ObservedMachine[], seenAt: Instant): readonly Seen[] {
  return machines.map((machine): Seen => {
    const { id: resource, name, region, state, config, events, createdAt, updatedAt, metadata } = machine;
    const notBefore = monthSpan(seenAt).from;
    const sighting = {
      state,
      cls: classOfGuest(config === null ? null : config.guest),
      rootfsGb: rootfsOf(config),
      createdAt,
      updatedAt,
      events,
      seenAt,
      notBefore,
    };
    return {
      organization: where.organization,
      resource,
      place: { environment: where.environment, app: where.app, group: groupOf(metadata), region },
      subject: name,
      rests: config !== null && mayRest(config),
      sighting: { of: 'machine', ...sighting },
    };
  });
}
/** Whole GB, where the config says so. */
function rootfsOf(config: JsonObject | null): number {
  const rootfs = config?.['rootfs'];
  const size = typeof rootfs === 'object' && rootfs !== null && 'size_gb' in rootfs ? rootfs.size_gb : undefined;
  return typeof size === 'number' && Number.isInteger(size) && size > 0 ? size : USUAL_ROOTFS_GB;
}
/** An entry of the organization's list: no events, no services. */
export function listedSeen(
  organization: string,
  environmentOf: (app: AppName) => string | null,
  machines: readonly OrgMachine[],
  seenAt: Instant,
): readonly Seen[] {
  return machines.map(({ id: resource, app, name, region, state, createdAt, updatedAt, metadata, guest }): Seen => {
    const sighting = {
      state,
      cls: classOfGuest(guest ?? null),
      rootfsGb: USUAL_ROOTFS_GB,
      createdAt,
      updatedAt,
      events: [],
      seenAt,
      notBefore: monthSpan(seenAt).from,
    };
    const place = { environment: environmentOf(app), app, group: groupOf(metadata), region };
    return { organization, resource, place, subject: name, rests: false, sighting: { of: 'machine', ...sighting } };
  });
}
export interface Things {
  readonly volumes: readonly ObservedVolume[];
  readonly addresses: readonly ObservedAddress[];
  readonly certificates: readonly ObservedCertificate[];
}
/** All of an app's, whole: what is known and not among them is gone. */
export function thingsSeen(
  meter: Meter,
  where: Whereabouts,
  { volumes, addresses, certificates }: Things,
  seenAt: Instant,
): readonly Seen[] {
  const notBefore = monthSpan(seenAt).from;
  const thing = (
    resource: string,
    subject: string,
    region: string,
    facts: Omit<Extract<Seen['sighting'], { readonly of: 'thing' }>, 'of' | 'seenAt' | 'notBefore'>,
  ): Seen => ({
    organization: where.organization,
    resource,
    place: { environment: where.environment, app: where.app, group: '', region },
    subject,
    rests: false,
    sighting: { of: 'thing', ...facts, seenAt, notBefore },
  });
  const here = [
    ...volumes
      .filter(({ state }) => state !== 'pending_destroy' && state !== 'destroying')
      .map(({ id, name, region, sizeGb: quantity, createdAt, attachedMachine }) =>
        thing(id, name, region, { item: 'volume', cls: attachedMachine === null ? UNATTACHED : 'gb', quantity, createdAt }),
      ),
    ...addresses
      .filter(({ type }) => type === 'v4')
      .map(({ ip, createdAt }) => thing(`address/${where.app}/${ip}`, ip, '', { item: 'address', cls: 'ipv4', quantity: 1, createdAt })),
    ...certificates.map(({ hostname, createdAt = null }) =>
      thing(`certificate/${where.app}/${hostname}`, hostname, '', {
        item: 'certificate',
        cls: certificateClass(hostname),
        quantity: 1,
        createdAt,
      }),
    ),
  ];
  const found = new Set(here.map(({ resource }) => resource));
  const known = ['vol_', 'address/', 'certificate/'].flatMap((prefix) => meter.held(where.organization, where.app, prefix));
  return [...here, ...known.filter((resource) => !found.has(resource)).map((resource) => goneSeen(where, resource, seenAt))];
}
/** All that an app and its machines have: what is known and not among them was released. */
export function egressSeen(meter: Meter, where: Whereabouts, addresses: readonly ObservedEgress[], seenAt: Instant): readonly Seen[] {
  const { organization, environment, app } = where;
  const here = addresses.map(
    ({ ip, region, updatedAt: createdAt }): Seen => ({
      ...{ organization, resource: `egress/${app}/${ip}`, place: { environment, app, group: '', region }, subject: ip, rests: false },
      sighting: { of: 'thing', item: 'address', cls: 'egress', quantity: 1, createdAt, seenAt, notBefore: monthSpan(seenAt).from },
    }),
  );
  const found = new Set(here.map(({ resource }) => resource));
  const gone = meter.held(organization, app, 'egress/').filter((resource) => !found.has(resource));
  return [...here, ...gone.map((resource) => goneSeen(where, resource, seenAt))];
}
export const goneSeen = ({ organization, environment, app }: Whereabouts, resource: string, seenAt: Instant): Seen => ({
  ...{ organization, resource, place: { environment, app, group: '', region: '' }, subject: resource, rests: false },
  sighting: { of: 'gone', seenAt },
});
/** A pass's picture of its app. */
export function appSeen(meter: Meter, where: Whereabouts, observed: ObservedApp, now: Instant): void {
  meter.see(machinesSeen(where, observed.machines, now));
  if (observed.complete) meter.see(thingsSeen(meter, where, observed, now));
}
