/** What no app's own pass looks at, and costs all the same: machines of apps that git does not know, what such apps hold, how a machine that is
 *  gone ended, the snapshots of volumes, and static egress addresses. Asked for in small portions, so that the platform's limits hold. */

import { monthSpan } from '#domain/calendar.ts';
import type { ClockDep } from '#domain/clock.ts';
import { type AppName, appName, type MachineId, type OrgSlug, type VolumeId, volumeId } from '#domain/ids.ts';
import type { ObservedSnapshot, OrgMachine } from '#domain/observed.ts';
import { elapsed, hours, type Instant, minutes } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { Meter, Seen } from './meter.ts';
import { egressSeen, goneSeen, listedSeen, machinesSeen, thingsSeen, type Whereabouts } from './sightings.ts';

export interface Survey {
  /** The list of an organization told of these; `isManaged`: an app's own pass reads it. */
  listed(organization: OrgSlug, machines: readonly OrgMachine[]): void;
  /** The next portion. Nothing to do: no request. */
  step(organization: OrgSlug, fly: FlyClient, signal: AbortSignal): Promise<void>;
}
export interface SurveyDeps extends ClockDep {
  readonly meter: Meter;
  readonly environmentOf: (app: AppName) => string | null;
}
/** Requests of one step: it is taken with every look at the organization, which is every other second. */
const PORTION = 20;
const THINGS_EVERY = minutes(10);
const SNAPSHOTS_EVERY = hours(1);
const EGRESS_EVERY = hours(1);
/** Every app is asked, and few have any: they are spread over the hour. */
const EGRESS_PORTION = 1;

interface Agenda {
  readonly apps: Set<AppName>;
  readonly ended: Map<MachineId, OrgMachine>;
  readonly things: Set<AppName>;
  readonly snapshots: Set<string>;
  thingsAt: Instant | null;
  snapshotsAt: Instant | null;
  readonly egress: Set<AppName>;
  egressAt: Instant | null;
}
export function makeSurvey({ clock, meter, environmentOf }: SurveyDeps): Survey {
  const agendas = new Map<string, Agenda>();
  const agendaOf = (organization: OrgSlug): Agenda => {
    const agenda = agendas.get(organization) ?? {
      apps: new Set(),
      ended: new Map(),
      things: new Set(),
      snapshots: new Set(),
      thingsAt: null,
      snapshotsAt: null,
      egress: new Set(),
      egressAt: null,
    };
    agendas.set(organization, agenda);
    return agenda;
  };
  const isDue = (at: Instant | null, span: number): boolean => at === null || elapsed(at, clock.now()) >= span;
  return {
    listed: (organization, machines) => {
      const agenda = agendaOf(organization);
      const ended = machines.filter(({ app, id, state }) => isGone(state) && meter.held(organization, app, id).length > 0);
      for (const machine of ended) agenda.ended.set(machine.id, machine);
      for (const { app, state } of machines) if (!isGone(state) && environmentOf(app) === null) agenda.apps.add(app);
      const plain = machines.filter(({ id }) => !agenda.ended.has(id));
      meter.see(listedSeen(organization, environmentOf, plain, clock.now()));
    },
    step: async (organization, fly, signal) => {
      const agenda = agendaOf(organization);
      let listed: ReturnType<FlyClient['listApps']> | null = null;
      // Whatever is due at this step rests on one list.
      const apps: Ask['apps'] = () => {
        listed ??= fly.listApps(organization, signal);
        return listed;
      };
      const ask: Ask = { organization, fly, agenda, meter, environmentOf, now: clock.now(), signal, apps };
      if (isDue(agenda.thingsAt, THINGS_EVERY)) {
        agenda.thingsAt = clock.now();
        await noteApps(ask);
      }
      if (isDue(agenda.snapshotsAt, SNAPSHOTS_EVERY)) {
        agenda.snapshotsAt = clock.now();
        await noteVolumes(ask);
      }
      if (isDue(agenda.egressAt, EGRESS_EVERY)) {
        agenda.egressAt = clock.now();
        await noteAll(ask);
      }
      const portion = [
        ...[...agenda.egress].slice(0, EGRESS_PORTION).map((app) => () => egressOf(ask, app)),
        ...[...agenda.ended.values()].map((machine) => () => endOf(ask, machine)),
        ...[...agenda.apps].map((app) => () => machinesOf(ask, app)),
        ...[...agenda.things].map((app) => () => thingsOf(ask, app)),
        ...[...agenda.snapshots].map((key) => () => snapshotsOf(ask, key)),
      ].slice(0, PORTION);
      await Promise.all(portion.map((run) => run()));
    },
  };
}
interface Ask extends Omit<SurveyDeps, 'clock'> {
  readonly organization: OrgSlug;
  readonly fly: FlyClient;
  readonly agenda: Agenda;
  readonly now: Instant;
  readonly signal: AbortSignal;
  readonly apps: () => ReturnType<FlyClient['listApps']>;
}
const isGone = (state: string): boolean => state === 'destroyed' || state === 'destroying';
const whereOf = ({ organization, environmentOf }: Ask, app: AppName): Whereabouts => ({
  organization,
  environment: environmentOf(app),
  app,
});

/** Apps without an environment: everything they hold. */
async function noteApps({ agenda, environmentOf, ...ask }: Ask): Promise<void> {
  const apps = await ask.apps();
  if (apps.ok) for (const { name } of apps.value) if (environmentOf(name) === null) agenda.things.add(name);
}
async function noteAll({ agenda, ...ask }: Ask): Promise<void> {
  const apps = await ask.apps();
  if (apps.ok) for (const { name } of apps.value) agenda.egress.add(name);
}
async function noteVolumes({ agenda, ...ask }: Ask): Promise<void> {
  const apps = await ask.apps();
  if (!apps.ok) return;
  for (const { name, volumes } of apps.value) if (volumes !== 0) agenda.snapshots.add(name);
}
/** It stays readable by its id, with its events; where it does not, the list's own time is the end. */
async function endOf(ask: Ask, machine: OrgMachine): Promise<void> {
  const { organization, fly, agenda, meter, environmentOf, now, signal } = ask;
  const found = await fly.getMachine(machine.app, machine.id, signal);
  if (!found.ok && found.error.code !== 'FLY_NOT_FOUND') return;
  agenda.ended.delete(machine.id);
  if (found.ok && found.value.events.length > 0) meter.see(machinesSeen(whereOf(ask, machine.app), [found.value], now));
  else meter.see(listedSeen(organization, environmentOf, [machine], now));
}
async function machinesOf(ask: Ask, app: AppName): Promise<void> {
  const machines = await ask.fly.listMachines(app, ask.signal);
  if (!machines.ok && machines.error.code !== 'FLY_NOT_FOUND' && machines.error.code !== 'FLY_FORBIDDEN') return;
  ask.agenda.apps.delete(app);
  if (machines.ok) ask.meter.see(machinesSeen(whereOf(ask, app), machines.value, ask.now));
}
async function thingsOf(ask: Ask, app: AppName): Promise<void> {
  const { fly, agenda, meter, now, signal } = ask;
  agenda.things.delete(app);
  const volumes = await fly.listVolumes(app, signal);
  const addresses = await fly.listAddresses(app, signal);
  const certificates = await fly.listCertificates(app, signal);
  // On a partial picture nothing is said to be gone.
  if (!volumes.ok || !addresses.ok || !certificates.ok) return;
  meter.see(
    thingsSeen(meter, whereOf(ask, app), { volumes: volumes.value, addresses: addresses.value, certificates: certificates.value }, now),
  );
}
async function egressOf(ask: Ask, app: AppName): Promise<void> {
  const { fly, agenda, meter, now, signal } = ask;
  agenda.egress.delete(app);
  const addresses = await fly.listEgressAddresses(app, signal);
  if (addresses.ok) meter.see(egressSeen(meter, whereOf(ask, app), addresses.value, now));
}
async function snapshotsOf(ask: Ask, key: string): Promise<void> {
  const { fly, agenda, meter, organization, now, signal } = ask;
  agenda.snapshots.delete(key);
  const app = appName(key);
  const held = meter.held(organization, app, 'vol_').map(volumeId);
  for (const volume of held) {
    const snapshots = await fly.listSnapshots(app, volume, signal);
    if (!snapshots.ok) continue;
    const where = whereOf(ask, app);
    const seen = snapshots.value.map((one) => snapshotSeen(where, volume, one, now));
    const found = new Set(seen.map(({ resource }) => resource));
    const gone = meter.held(organization, app, `snapshot/${volume}/`).filter((resource) => !found.has(resource));
    meter.see([...seen, ...gone.map((resource) => goneSeen(where, resource, now))]);
  }
}
const BYTES_PER_MB = 1_000_000;
const snapshotSeen = (
  { organization, environment, app }: Whereabouts,
  volume: VolumeId,
  { id, sizeBytes, createdAt }: ObservedSnapshot,
  seenAt: Instant,
): Seen => ({
  organization,
  resource: `snapshot/${volume}/${id}`,
  place: { environment, app, group: '', region: '' },
  subject: `${volume} ${id}`,
  rests: false,
  sighting: {
    of: 'thing',
    ...{ item: 'snapshot', cls: 'mb', quantity: Math.ceil(sizeBytes / BYTES_PER_MB), createdAt, seenAt, notBefore: monthSpan(seenAt).from },
  },
});
