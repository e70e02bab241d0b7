/** The simulated platform's rows. Second implementation of what fly-behaviour describes, not a mock of our calls. */
import type { Clock } from '#domain/clock.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { Random } from '#domain/random.ts';
import { ms } from '#domain/units.ts';
import { insertByTime } from './clock.ts';
import type { SiteWord } from './site.ts';

/** Instants are milliseconds since 1970. */
export interface AppRow {
  readonly id: string;
  readonly name: string;
  readonly organization: string;
  readonly network: string;
  status: 'pending' | 'deployed' | 'suspended';
  readonly createdAt: number;
  secretsVersion: number;
  /** When it rose; absent: never. */
  secretsAt?: number;
  /** Versions of the secrets that a picky program refuses; absent: none. */
  refused?: readonly number[];
}
export interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly source: string;
  readonly timestamp: number;
  readonly request?: JsonObject;
}
export interface CheckRow {
  readonly name: string;
  status: string;
  output: string;
  updatedAt: number;
}
export interface LeaseRow {
  readonly nonce: string;
  expiresAt: number;
  readonly owner: string;
  readonly description: string;
  /** Made with `lease_ttl`: the creator sees its nonce in the machine. */
  readonly shown: boolean;
}
export interface ImageRow {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}
export interface MachineRow {
  readonly id: string;
  readonly name: string;
  readonly app: string;
  readonly region: string;
  host: string;
  state: string;
  hostStatus: string;
  cordoned: boolean;
  instanceId: string;
  config: MachineConfig;
  image: ImageRow;
  privateIp: string;
  checks: CheckRow[];
  events: EventRow[];
  readonly versions: { readonly version: string; readonly config: MachineConfig }[];
  lease: LeaseRow | null;
  restarts: number;
  readonly createdAt: number;
  updatedAt: number;
  /** Rises with every change of course: what was scheduled for an older course is void. */
  course: number;
  /** The launch or new version that is being prepared. */
  underWay: UnderWay | null;
  secretsVersion: number;
  /** What the organization-wide list tells: behind by the list's lag. Null: not in it yet. */
  shown: ShownRow | null;
  /** Requests that the proxy has under way. */
  load: number;
  lastRequestAt: number;
}
export interface UnderWay {
  readonly skipLaunch: boolean;
  /** What goes on when the registry does not have the image. Null: a new machine, which then ends. */
  readonly former: { readonly instanceId: string; readonly config: MachineConfig; readonly state: string } | null;
}
export interface ShownRow {
  readonly state: string;
  readonly instanceId: string;
  readonly updatedAt: number;
  readonly config: MachineConfig;
}
export interface VolumeRow {
  id: string;
  readonly app: string;
  readonly name: string;
  state: string;
  readonly region: string;
  host: string;
  sizeGb: number;
  readonly encrypted: boolean;
  attachedMachine: string | null;
  snapshotRetention: number;
  autoBackup: boolean;
  readonly createdAt: number;
  readonly snapshots: { readonly id: string; readonly createdAt: number; readonly size: number }[];
}
export interface SecretRow {
  readonly app: string;
  readonly name: string;
  digest: string;
  readonly createdAt: number;
  updatedAt: number;
  /** Its value says `refused`. */
  refused?: boolean;
}
export interface AddressRow {
  readonly id: string;
  readonly app: string;
  readonly ip: string;
  readonly type: string;
  readonly region: string;
  readonly createdAt: number;
}
export interface EgressRow {
  readonly id: string;
  readonly app: string;
  /** Null: of the app, for all its machines in the region. */
  readonly machine: string | null;
  readonly region: string;
  readonly v4: string;
  readonly v6: string;
  readonly createdAt: number;
}
export interface CertificateRow {
  readonly app: string;
  readonly hostname: string;
  readonly createdAt: number;
  status: string;
}
export interface ReleaseRow {
  readonly id: string;
  readonly app: string;
  readonly version: number;
  status: string;
  readonly strategy: string;
  readonly user: string;
  readonly imageRef: string;
  readonly definition: Json;
  readonly createdAt: number;
}
export interface Tables {
  readonly apps: Map<string, AppRow>;
  readonly machines: Map<string, MachineRow>;
  readonly volumes: Map<string, VolumeRow>;
  /** By `app/name`. */
  readonly secrets: Map<string, SecretRow>;
  readonly addresses: Map<string, AddressRow>;
  readonly egress: Map<string, EgressRow>;
  /** By `app/hostname`. */
  readonly certificates: Map<string, CertificateRow>;
  readonly releases: Map<string, ReleaseRow>;
  readonly organizations: Map<string, { readonly slug: string; readonly name: string }>;
  /** Region → machines it still has room for; absent: endless. */
  readonly capacity: Map<string, number>;
  readonly builds: { next: number };
  /** `repository:tag` → digest, where a tag was moved by hand. */
  readonly tags: Map<string, string>;
  /** Regions that the organization-wide lists cannot reach. */
  readonly errorRegions: Set<string>;
  /** App → how its program behaves (`site.ts`), whatever its image says; null: well. */
  readonly sites: Map<string, SiteWord | null>;
  /** By `app/name`: what the imitated web app answers with, no secret. */
  readonly siteValues: Map<string, string>;
}
export interface Counters {
  writes: number;
  requests: number;
  /** Requests of trimtab that by themselves were above the published limits. */
  rateLimitViolations: number;
  /** Route → requests. */
  readonly byRoute: Map<string, number>;
}
export interface World extends Tables {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly user: string;
  /** How far the organization-wide lists are behind, in ms. */
  listLagMs: number;
  /** Machine reads by list are behind by this much after a create, in ms (fault). */
  createLagMs: number;
  /** Runs `change` in `span` of the world's time, unless it was rolled past. */
  schedule(span: number, change: () => void): void;
  /** Applies everything that is due. Called at each access. */
  catchUp(): void;
  /** Persistence listens here. */
  onChange: (() => void) | null;
  id(kind: IdKind): string;
}
export type IdKind = 'machine' | 'instance' | 'volume' | 'event' | 'nonce' | 'release' | 'ip';
interface Due {
  readonly at: number;
  readonly change: () => void;
}
const HEX = '0123456789abcdef';
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function makeTables(): Tables {
  return {
    apps: new Map(),
    machines: new Map(),
    volumes: new Map(),
    secrets: new Map(),
    addresses: new Map(),
    egress: new Map(),
    certificates: new Map(),
    releases: new Map(),
    organizations: new Map([['acme', { slug: 'acme', name: 'Acme' }]]),
    capacity: new Map(),
    builds: { next: 1 },
    tags: new Map(),
    errorRegions: new Set(),
    sites: new Map(),
    siteValues: new Map(),
  };
}
export function makeWorld(clock: Clock, random: Random, tables: Tables = makeTables()): World {
  const due: Due[] = [];
  const ids = random.fork('ids');
  const catchUp = (): void => {
    const now = clock.now();
    for (let next = due[0]; next !== undefined && next.at <= now; next = due[0]) {
      due.shift();
      next.change();
    }
  };
  const world: World = {
    ...tables,
    clock,
    random,
    user: 'ops@example.com',
    listLagMs: 400,
    createLagMs: 0,
    counters: { writes: 0, requests: 0, rateLimitViolations: 0, byRoute: new Map() },
    onChange: null,
    catchUp,
    schedule: (span, change) => {
      insertByTime(due, { at: clock.now() + span, change });
      // Somebody may wait for it without asking: persistence, the proxy, a waiting request.
      clock.after(ms(span), catchUp);
    },
    id: (kind) => makeId(ids, kind),
  };
  return world;
}
function makeId(random: Random, kind: IdKind): string {
  switch (kind) {
    case 'machine':
      return random.text(HEX, 14);
    case 'instance':
    case 'event':
      return `01${random.text(BASE32, 24)}`;
    case 'volume':
      return `vol_${random.text(LOWER, 16)}`;
    case 'nonce':
      return random.text(HEX, 12);
    case 'release':
      return random.text(LOWER, 24);
    case 'ip':
      return `ip_${random.text(LOWER, 14)}`;
  }
}
export const machinesOf = (world: Pick<World, 'machines'>, app: string): readonly MachineRow[] =>
  [...world.machines.values()].filter((machine) => machine.app === app);
