/** Glossary. Drift: the world left what it was last written with (or, for what carries no stamp, what the target says). Change: the target
 *  moved. A Change is one thing to do about either; a Step is a Change with its intent, ready to be written. */
import type { AppName, ConfigHash, Digest, GroupName, InstanceId, IntentId, MachineId, OrgSlug, RegionCode, VolumeId } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { MachineConfig } from './machine-config.ts';
import type { AddressType } from './observed.ts';
import type { Stamp } from './stamp.ts';
import type { Instant } from './units.ts';

export const KIND_NAMES = ['app', 'ip-address', 'certificate', 'volume', 'secret', 'machine-group'] as const;
export type KindName = (typeof KIND_NAMES)[number];

/** Closed list: label `field` of drift metrics, and the words people read. */
export const FIELD_GROUPS = [
  'image',
  'env',
  'guest',
  'services',
  'autostop',
  'min_machines_running',
  'checks',
  'mounts',
  'restart',
  'stop_config',
  'files',
  'init',
  'metrics',
  'statics',
  'metadata',
  'count',
  'region',
  'state',
  'cordon',
  'address',
  'certificate',
  'secret',
  'other',
] as const;
export type FieldGroup = (typeof FIELD_GROUPS)[number];
export interface FieldDifference {
  /** JSON pointer into the owned config, or a word (`state`, `count`, …). */
  readonly pointer: string;
  readonly from: Json | undefined;
  readonly to: Json | undefined;
  readonly group: FieldGroup;
}

/** `drift`: put back · `change`: git moved · `adoption`: stamps only · `floor`: fewer run than must, never delayed · `prune`: left git ·
 *  `release`: bookkeeping and proof of a release. */
export const CAUSES = ['drift', 'change', 'adoption', 'floor', 'prune', 'release'] as const;
export type Cause = (typeof CAUSES)[number];

/** Whether the machine boots after an update. `keep`: as its state is, read again under the lease. */
export type Launch = 'keep' | 'start' | 'skip';

export type Action =
  | { readonly kind: 'app'; readonly verb: 'create'; readonly organization: OrgSlug }
  | { readonly kind: 'app'; readonly verb: 'open-release'; readonly image: string; readonly definition: JsonObject }
  | {
      readonly kind: 'app';
      readonly verb: 'close-release';
      readonly release: string;
      readonly status: 'complete' | 'failed' | 'interrupted';
    }
  | { readonly kind: 'ip-address'; readonly verb: 'create'; readonly type: AddressType; readonly region: string | null }
  | { readonly kind: 'ip-address'; readonly verb: 'destroy'; readonly type: AddressType; readonly ip: string }
  | { readonly kind: 'certificate'; readonly verb: 'create'; readonly hostname: string }
  | { readonly kind: 'certificate'; readonly verb: 'destroy'; readonly hostname: string }
  | {
      readonly kind: 'volume';
      readonly verb: 'create';
      readonly name: string;
      readonly region: RegionCode;
      readonly sizeGb: number;
      readonly snapshotRetention: number | null;
      readonly autoBackup: boolean | null;
      readonly compute: JsonObject | null;
      readonly requireUniqueZone: boolean;
      /** Volumes of this name and region that existed before: one more than these is ours. */
      readonly known: readonly VolumeId[];
    }
  | SecretAction
  | MachineAction;
/** Values are never part of a plan: a write names what the source must still give at that moment. */
export type SecretAction =
  | {
      readonly kind: 'secret';
      readonly verb: 'set';
      readonly keyId: string;
      readonly items: readonly SecretItem[];
      /** The machines are left as they are. */
      readonly staged: boolean;
    }
  | { readonly kind: 'secret'; readonly verb: 'destroy'; readonly names: readonly string[] }
  /** The version of a write whose answer was lost: found out by taking away a name that is not there. */
  | { readonly kind: 'secret'; readonly verb: 'learn'; readonly probe: string };
export interface SecretItem {
  readonly name: string;
  readonly fingerprint: string;
  /** `previous`: from the source that gives the value before this one. */
  readonly from: 'source' | 'previous';
  /** Of what the declared `previous` gives; null: there is none, or it gives nothing. */
  readonly previous: string | null;
  /** Null: it was not there. */
  readonly before: { readonly digest: string; readonly updatedAt: Instant | null } | null;
  /** How the value before can be had again; null: it cannot. */
  readonly reversible: 'previous' | 'revision' | 'absent' | null;
  /** On the way back: what it takes the place of is the newer value, and may come again. */
  readonly returns?: true;
}
export type MachineAction =
  | MachineCreate
  | MachineUpdate
  | {
      readonly kind: 'machine-group';
      readonly verb: 'start' | 'stop' | 'uncordon';
      readonly machine: MachineId;
      readonly instance: InstanceId;
    }
  /** Marked, cordoned and stopped, until somebody deletes it or git has it again. */
  | {
      readonly kind: 'machine-group';
      readonly verb: 'quarantine';
      readonly machine: MachineId;
      readonly instance: InstanceId;
      readonly since: Instant;
    }
  | {
      readonly kind: 'machine-group';
      readonly verb: 'destroy';
      readonly machine: MachineId;
      readonly instance: InstanceId;
      readonly volume: VolumeId | null;
    }
  | {
      readonly kind: 'machine-group';
      readonly verb: 'restamp';
      readonly machine: MachineId;
      readonly instance: InstanceId;
      readonly stamp: Stamp;
    }
  | { readonly kind: 'machine-group'; readonly verb: 'unstamp'; readonly machine: MachineId; readonly instance: InstanceId };
export interface MachineCreate {
  readonly kind: 'machine-group';
  readonly verb: 'create';
  readonly name: string;
  readonly region: RegionCode;
  /** Whole body, stamp included. */
  readonly config: MachineConfig;
  readonly stamp: Stamp;
  readonly launch: 'start' | 'skip';
}
export interface MachineUpdate {
  readonly kind: 'machine-group';
  readonly verb: 'update';
  readonly machine: MachineId;
  /** The version the body was made from: the write is refused when it moved. */
  readonly instance: InstanceId;
  /** Whole body, stamp included. */
  readonly config: MachineConfig;
  readonly stamp: Stamp;
  readonly launch: Launch;
}
export type Verb = Action['verb'];
type VerbOf<K extends KindName> = Extract<Action, { readonly kind: K }>['verb'];
/** Every write there is: the labels of `actions_total`. A new verb is a type error until it stands here. */
export const VERBS: { readonly [K in KindName]: { readonly [V in VerbOf<K>]: true } } = {
  app: { create: true, 'open-release': true, 'close-release': true },
  'ip-address': { create: true, destroy: true },
  certificate: { create: true, destroy: true },
  volume: { create: true },
  secret: { set: true, destroy: true, learn: true },
  'machine-group': {
    create: true,
    update: true,
    start: true,
    stop: true,
    uncordon: true,
    quarantine: true,
    destroy: true,
    restamp: true,
    unstamp: true,
  },
};

/** One thing to do, decided; not yet ordered, held or numbered. */
export interface Change {
  readonly app: AppName;
  /** Machine name, address, hostname, volume name, or `release`: one open intent per app, kind and subject. */
  readonly subject: string;
  readonly action: Action;
  readonly cause: Cause;
  /** Put right at once, whatever the grace says. */
  readonly urgent: boolean;
  readonly fields: readonly FieldDifference[];
  /** One line for people. */
  readonly why: string;
  readonly group: GroupName | null;
  readonly region: RegionCode | null;
  readonly restarts: boolean;
  readonly destroys: boolean;
  /** True when requests may fail meanwhile (no other ready machine in the group). */
  readonly downtime: boolean;
  /** Null: nothing asks for a person. */
  readonly needsApproval: string | null;
}
export interface Step extends Change {
  readonly key: string;
  readonly intent: IntentId;
}
/** What of the world differs, whether or not something is done about it now. */
export interface Drift {
  readonly app: AppName;
  readonly kind: KindName;
  readonly subject: string;
  readonly field: FieldDifference;
  readonly urgent: boolean;
  /** `app/kind/subject/pointer`: first seen is kept under it. */
  readonly key: string;
}
/** What a machine runs, as it is compared and proved. */
export interface Content {
  readonly hash: ConfigHash;
  readonly digest: Digest | null;
  /** The secrets mark; null before any secret was written. */
  readonly secrets: number | null;
}
export const contentKey = (group: GroupName, { hash, digest, secrets }: Content): string =>
  `${group}@${hash}@${digest ?? '-'}${secrets === null ? '' : `@${secrets}`}`;
export const stepKey = (change: Pick<Change, 'app' | 'subject' | 'action'>): string =>
  `${change.app}/${change.action.kind}/${change.subject}`;
export const driftKey = (app: AppName, kind: KindName, subject: string, pointer: string): string =>
  `${app}/${kind}/${subject}${pointer.startsWith('/') ? '' : '/'}${pointer}`;
