/** What the platform says about everything but machines, read leniently into the domain's words. */
import { z } from 'zod';
import { type AppName, appName, instanceId, machineId, orgSlug, regionCode, volumeId } from '#domain/ids.ts';
import type {
  AddressType,
  ObservedAddress,
  ObservedAppInfo,
  ObservedCertificate,
  ObservedLease,
  ObservedRelease,
  ObservedSecret,
  ObservedSnapshot,
  ObservedVolume,
} from '#domain/observed.ts';
import { instant, seconds } from '#domain/units.ts';
import type { ExecOutcome, HeldLease, TokenInfo } from './port.ts';
import { count, flag, listOf, text, toInstant, toInstantOrNull } from './reply.ts';

export const AppReply = z
  .object({ name: z.string(), status: text, network: text, volume_count: count, organization: z.object({ slug: text }).nullish() })
  .transform(
    (app): ObservedAppInfo => ({
      name: appName(app.name),
      organization: orgSlug(app.organization?.slug ?? ''),
      status: app.status ?? '',
      // The default network has an empty name or this one.
      network: app.network || 'default',
      ...(typeof app.volume_count === 'number' ? { volumes: app.volume_count } : {}),
    }),
  );
export const AppsReply = z.object({ apps: listOf(AppReply) }).transform(({ apps }) => apps);

const VolumeReply = z.object({
  id: z.string(),
  name: text,
  state: text,
  region: text,
  size_gb: count,
  encrypted: flag,
  host_status: text,
  attached_machine_id: text,
  snapshot_retention: count,
  created_at: text,
});
export const volumeOf = (app: AppName) =>
  VolumeReply.transform(
    (volume): ObservedVolume => ({
      id: volumeId(volume.id),
      app,
      name: volume.name ?? '',
      state: volume.state ?? '',
      region: regionCode(volume.region ?? ''),
      sizeGb: volume.size_gb ?? 0,
      encrypted: volume.encrypted ?? false,
      hostStatus: volume.host_status ?? 'unknown',
      attachedMachine: volume.attached_machine_id ? machineId(volume.attached_machine_id) : null,
      snapshotRetention: volume.snapshot_retention ?? null,
      createdAt: toInstant(volume.created_at),
    }),
  );

export const AddressReply = z.object({ ip: z.string(), region: text, shared: flag, created_at: text }).transform(
  (address): ObservedAddress => ({
    ip: address.ip,
    type: addressToType(address.ip, address.shared ?? false),
    region: address.region && address.region !== 'global' ? address.region : null,
    createdAt: toInstantOrNull(address.created_at),
  }),
);
export const AddressesReply = z.object({ ips: listOf(AddressReply) }).transform(({ ips }) => ips);

/** The list does not say the type: private addresses are in fdaa::/16. */
function addressToType(ip: string, shared: boolean): AddressType {
  if (ip.includes(':')) return ip.toLowerCase().startsWith('fdaa:') ? 'private_v6' : 'v6';
  return shared ? 'shared_v4' : 'v4';
}

const CertificateBase = z.object({
  hostname: z.string(),
  configured: flag,
  status: text,
  created_at: text,
  /** Only when one certificate is asked for, not in the list. */
  certificates: listOf(z.object({ expires_at: text })),
});
export const CertificateReply = CertificateBase.transform((certificate): ObservedCertificate => {
  const created = toInstantOrNull(certificate.created_at);
  const expiries = certificate.certificates.map((entry) => toInstantOrNull(entry.expires_at)).filter((at) => at !== null);
  return {
    hostname: certificate.hostname,
    configured: certificate.configured ?? false,
    status: certificate.status ?? '',
    expiresAt: expiries.length === 0 ? null : instant(Math.max(...expiries)),
    ...(created === null ? {} : { createdAt: created }),
  };
});
/** Pending ones have no size yet. */
export const SnapshotsReply = listOf(z.object({ id: z.string(), size: count, created_at: text })).transform(
  (all): readonly ObservedSnapshot[] =>
    all.map(({ id, size, created_at: created }) => ({ id, sizeBytes: size ?? 0, createdAt: toInstantOrNull(created) })),
);
export const CertificatePage = z
  .object({ certificates: listOf(CertificateReply), next_cursor: text })
  .transform((page) => ({ items: page.certificates, nextCursor: page.next_cursor || null }));

const Secrets = listOf(z.object({ name: z.string(), digest: text, created_at: text, updated_at: text })).transform(
  (secrets): readonly ObservedSecret[] =>
    secrets.map((secret) => ({
      name: secret.name,
      digest: secret.digest ?? '',
      createdAt: toInstantOrNull(secret.created_at),
      updatedAt: toInstantOrNull(secret.updated_at),
    })),
);
export const SecretsReply = z.object({ secrets: Secrets }).transform(({ secrets }) => secrets);
const Version = z.number().int().positive().nullish();
/** The official description spells it twice. */
export const SecretsWrittenReply = z
  .object({ version: Version, Version, secrets: Secrets })
  .refine((reply) => (reply.version ?? reply.Version ?? null) !== null, 'no version')
  .transform((reply) => ({ version: reply.version ?? reply.Version ?? 0, secrets: reply.secrets }));

const LeaseBody = z.object({ nonce: text, expires_at: count, owner: text, description: text, version: text });
/** The envelope of the documentation, or the bare lease of the official description. */
const LeaseReply = z
  .union([z.object({ data: LeaseBody }).transform(({ data }) => data), LeaseBody])
  .refine((lease) => typeof lease.expires_at === 'number', 'no expires_at');
export const ObservedLeaseReply = LeaseReply.transform(
  (lease): ObservedLease => ({
    owner: lease.owner ?? '',
    description: lease.description ?? '',
    expiresAt: instant(seconds(lease.expires_at ?? 0)),
    version: instanceId(lease.version ?? ''),
  }),
);
export const HeldLeaseReply = LeaseReply.refine((lease) => Boolean(lease.nonce), 'no nonce').transform(
  (lease): HeldLease => ({
    nonce: lease.nonce ?? '',
    expiresAt: instant(seconds(lease.expires_at ?? 0)),
    version: instanceId(lease.version ?? ''),
  }),
);

export const ExecReply = z
  .object({ exit_code: count, stdout: text, stderr: text })
  .transform((reply): ExecOutcome => ({ exitCode: reply.exit_code ?? 0, stdout: reply.stdout ?? '', stderr: reply.stderr ?? '' }));

export const ReleaseReply = z
  .object({
    id: z.union([z.string(), z.number()]),
    version: z.number(),
    status: text,
    user: text.catch(null),
    image_ref: text,
    created_at: text,
  })
  .transform(
    (release): ObservedRelease => ({
      id: String(release.id),
      version: release.version,
      status: release.status ?? '',
      user: release.user || null,
      imageRef: release.image_ref || null,
      createdAt: toInstant(release.created_at),
    }),
  );
export const ReleasesReply = z.object({ releases: listOf(ReleaseReply) }).transform(({ releases }) => releases);
/** Wrapped where it is created, bare where it is read. */
export const CreatedReleaseReply = z.object({ release: ReleaseReply }).transform(({ release }) => release);

export const RegionsReply = z
  .object({ regions: listOf(z.object({ code: z.string(), deprecated: flag })) })
  .transform(({ regions }) => regions.filter((region) => !region.deprecated).map((region) => regionCode(region.code)));
export const PlacementsReply = z
  .object({ regions: listOf(z.object({ region: z.string(), count })) })
  .transform(({ regions }) => regions.map((row) => ({ region: regionCode(row.region), count: row.count ?? 0 })));

const TokenRow = z.object({ org_slug: text, organization: text, user: text, apps: z.array(z.union([z.string(), z.number()])).nullish() });
export const TokenReply = z.object({ tokens: listOf(TokenRow) }).transform(({ tokens }): TokenInfo => {
  const limited = tokens.flatMap((token) => token.apps ?? []);
  return {
    organizations: [...new Set(tokens.map((token) => token.org_slug || token.organization || '').filter((slug) => slug !== ''))],
    // Any token without a list reaches every app of its organization.
    apps: tokens.length > 0 && tokens.every((token) => (token.apps ?? []).length > 0) ? limited.map(String) : null,
    user: tokens.find((token) => token.user)?.user ?? null,
  };
});
