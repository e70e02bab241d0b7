/** The stamp: what trimtab writes in a machine's metadata. It says whose machine this is and with which content it was last written.
 *  It lies outside the config hash and never restarts anything. */
import type { AppName, ConfigHash, EnvironmentName, GroupName, IntentId, OrgSlug, RevisionId } from './ids.ts';
import { appName, configHash, groupName, intentId, revisionId } from './ids.ts';
import type { ObservedMachine } from './observed.ts';

export interface Stamp {
  /** `organization/environment`, from git. */
  readonly owner: string;
  readonly app: AppName;
  readonly group: GroupName;
  /** The machine's own name; differs on a copy made by a clone. */
  readonly name: string;
  readonly hash: ConfigHash;
  /** Manifest digest it was written with; the reference where the registry named none; empty when neither was known. */
  readonly image: string;
  /** Platform secrets version it was last written with; null before secrets are managed. */
  readonly secrets: number | null;
  readonly revision: RevisionId;
  readonly generation: number;
  readonly intent: IntentId;
}
const KEYS = {
  owner: 'trimtab_owner',
  app: 'trimtab_app',
  group: 'trimtab_group',
  name: 'trimtab_name',
  hash: 'trimtab_hash',
  image: 'trimtab_image',
  secrets: 'trimtab_secrets',
  revision: 'trimtab_revision',
  generation: 'trimtab_generation',
  intent: 'trimtab_intent',
} as const satisfies Record<keyof Stamp, string>;
/** With the mark of the quarantine, which goes when the stamp goes. */
export const STAMP_KEYS: readonly string[] = [...Object.values(KEYS), 'trimtab_quarantine'];
export const INTENT_KEY = KEYS.intent;
export const SECRETS_KEY = KEYS.secrets;

export const ownerOf = (organization: OrgSlug, environment: EnvironmentName): string => `${organization}/${environment}`;

export function stampToMetadata(stamp: Stamp): Readonly<Record<string, string>> {
  return {
    [KEYS.owner]: stamp.owner,
    [KEYS.app]: stamp.app,
    [KEYS.group]: stamp.group,
    [KEYS.name]: stamp.name,
    [KEYS.hash]: stamp.hash,
    [KEYS.image]: stamp.image === '' ? 'unknown' : stamp.image,
    ...(stamp.secrets === null ? {} : { [KEYS.secrets]: String(stamp.secrets) }),
    [KEYS.revision]: stamp.revision,
    [KEYS.generation]: String(stamp.generation),
    [KEYS.intent]: stamp.intent,
  };
}

/** Since when, in ISO 8601. Beside the stamp: whoever looks by the platform's own tools sees why it rests. */
export const QUARANTINE_KEY = 'trimtab_quarantine';
/** All of it: a machine that was started or opened by hand is not in quarantine any more. */
export const isQuarantined = ({ metadata, cordoned, state }: Pick<ObservedMachine, 'metadata' | 'cordoned' | 'state'>): boolean =>
  metadata[QUARANTINE_KEY] !== undefined && cordoned && RESTS.includes(state);
const RESTS: readonly string[] = ['stopped', 'suspended', 'created', 'failed'];

/** Null when any part is missing or unreadable: a machine without a whole stamp is not ours. */
export function metadataToStamp(metadata: Readonly<Record<string, string>>): Stamp | null {
  const owner = metadata[KEYS.owner];
  const app = metadata[KEYS.app];
  const group = metadata[KEYS.group];
  const name = metadata[KEYS.name];
  const hash = metadata[KEYS.hash];
  const revision = metadata[KEYS.revision];
  const generation = Number(metadata[KEYS.generation]);
  const intent = metadata[KEYS.intent];
  if (!owner || !app || !group || !name || !hash || !revision || !intent || !Number.isInteger(generation)) return null;
  const image = metadata[KEYS.image] ?? '';
  const secrets = metadata[KEYS.secrets] === undefined ? null : Number(metadata[KEYS.secrets]);
  return {
    owner,
    app: appName(app),
    group: groupName(group),
    name,
    hash: configHash(hash),
    image: image === 'unknown' ? '' : image,
    secrets: secrets !== null && Number.isInteger(secrets) ? secrets : null,
    revision: revisionId(revision),
    generation,
    intent: intentId(intent),
  };
}

/** `own`: our stamp on its own name · `copy`: our stamp, copied by a clone · `foreign`: everything else. */
export type Belonging = { readonly is: 'own' | 'copy'; readonly stamp: Stamp } | { readonly is: 'foreign' };
export function belongingOf(machine: Pick<ObservedMachine, 'name' | 'metadata' | 'app'>, owner: string): Belonging {
  const stamp = metadataToStamp(machine.metadata);
  if (stamp === null || stamp.owner !== owner || stamp.app !== machine.app) return { is: 'foreign' };
  return { is: stamp.name === machine.name ? 'own' : 'copy', stamp };
}

export const PROCESS_GROUP_KEY = 'fly_process_group';
export const PLATFORM_VERSION_KEY = 'fly_platform_version';
/** The machine that runs a release command. */
export const COMMAND_GROUP = groupName('fly_app_release_command');
/** Groups of the platform's own helpers: never counted, never adopted. */
const RESERVED_GROUPS: readonly string[] = [
  COMMAND_GROUP,
  'fly_app_test_machine_command',
  'fly_app_console',
  'fly_app_machine_smoke_check',
];
export function flyGroupOf(metadata: Readonly<Record<string, string>>): GroupName | null {
  const group = metadata[PROCESS_GROUP_KEY] ?? metadata['process_group'];
  return group === undefined || group === '' ? null : groupName(group);
}
/** Release-command, test, canary and console machines. */
export function isReserved(machine: Pick<ObservedMachine, 'metadata'>): boolean {
  const group = flyGroupOf(machine.metadata);
  return (group !== null && RESERVED_GROUPS.includes(group)) || machine.metadata['fly_canary'] === 'true';
}
export const isFlyAppsMachine = (machine: Pick<ObservedMachine, 'metadata'>): boolean => machine.metadata[PLATFORM_VERSION_KEY] === 'v2';
export const isStandby = (machine: Pick<ObservedMachine, 'config'>): boolean => (machine.config?.standbys?.length ?? 0) > 0;
