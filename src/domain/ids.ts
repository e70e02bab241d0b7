/** Branded identifiers: strings that must not be mixed up. The constructors are the only place where a plain string becomes one. */
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type OrgSlug = Brand<string, 'OrgSlug'>;
export type EnvironmentName = Brand<string, 'EnvironmentName'>;
/** A Fly app's name (globally unique on the platform). */
export type AppName = Brand<string, 'AppName'>;
/** A process group of an app. */
export type GroupName = Brand<string, 'GroupName'>;
/** Three-letter Fly region code. */
export type RegionCode = Brand<string, 'RegionCode'>;
/** Fly's id of a machine (14 hex characters). */
export type MachineId = Brand<string, 'MachineId'>;
/** Fly's id of one version of a machine (ULID): new with every config write, not with metadata writes. */
export type InstanceId = Brand<string, 'InstanceId'>;
export type VolumeId = Brand<string, 'VolumeId'>;
/** `sha256:…` of an image manifest. */
export type Digest = Brand<string, 'Digest'>;
export type CommitSha = Brand<string, 'CommitSha'>;
/** Content hash of a compiled document. */
export type RevisionId = Brand<string, 'RevisionId'>;
/** `v<hash version>:<hex>` over the owned fields of one machine. */
export type ConfigHash = Brand<string, 'ConfigHash'>;
export type IntentId = Brand<string, 'IntentId'>;
export type PlanId = Brand<string, 'PlanId'>;

export const orgSlug = (text: string): OrgSlug => text as OrgSlug;
export const environmentName = (text: string): EnvironmentName => text as EnvironmentName;
export const appName = (text: string): AppName => text as AppName;
export const groupName = (text: string): GroupName => text as GroupName;
export const regionCode = (text: string): RegionCode => text as RegionCode;
export const machineId = (text: string): MachineId => text as MachineId;
export const instanceId = (text: string): InstanceId => text as InstanceId;
export const volumeId = (text: string): VolumeId => text as VolumeId;
export const digest = (text: string): Digest => text as Digest;
export const commitSha = (text: string): CommitSha => text as CommitSha;
export const revisionId = (text: string): RevisionId => text as RevisionId;
export const configHash = (text: string): ConfigHash => text as ConfigHash;
export const intentId = (text: string): IntentId => text as IntentId;
export const planId = (text: string): PlanId => text as PlanId;
