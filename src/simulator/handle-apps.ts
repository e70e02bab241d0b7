/** Apps, addresses, certificates, secrets. Source: fly-behaviour.md §7 and §8. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '#domain/json.ts';
import { destroy } from './lifecycle.ts';
import { renderApp, renderCertificate, renderCertificateSummary } from './render.ts';
import { appOf, type Handler, iso, objectOf, refuse, reply, type SimRequest, textOf } from './request.ts';
import { SITE_VALUES } from './site.ts';
import type { AddressRow, AppRow, CertificateRow, SecretRow, World } from './world.ts';
import { machinesOf } from './world.ts';

const APP_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function insertApp(world: World, name: string, organization: string, network = ''): AppRow {
  const row: AppRow = {
    id: name,
    name,
    organization,
    network,
    status: 'pending',
    createdAt: world.clock.now(),
    secretsVersion: 0,
  };
  world.apps.set(name, row);
  return row;
}
export const listApps: Handler = ({ world, query }) => {
  const slug = query.get('org_slug') ?? '';
  const apps = [...world.apps.values()].filter((app) => app.organization === slug).map((app) => renderApp(world, app));
  return reply(200, { total_apps: apps.length, apps });
};
export const createApp: Handler = ({ world, body }) => {
  const name = textOf(body['name']) ?? textOf(body['app_name']) ?? '';
  const organization = textOf(body['org_slug']) ?? '';
  if (!APP_NAME.test(name)) refuse(422, 'Validation failed: Name may only contain lowercase letters, numbers and dashes');
  if (!world.organizations.has(organization)) refuse(404, `organization not found: ${organization}`);
  if (world.apps.has(name)) refuse(422, 'Validation failed: Name has already been taken', 'name_taken');
  const row = insertApp(world, name, organization, textOf(body['network']) ?? '');
  return reply(201, { id: row.id, name: row.name, created_at: row.createdAt });
};
export const getApp: Handler = (request) => reply(200, renderApp(request.world, appOf(request)));
export const deleteApp: Handler = (request) => {
  const { world, query } = request;
  const app = appOf(request);
  const running = machinesOf(world, app.name).filter((machine) => machine.state === 'started');
  if (running.length > 0 && query.get('force') !== 'true' && query.has('force')) refuse(422, 'app has running machines');
  removeApp(world, app);
  return reply(202);
};
/** With all that is its own, so that its name is as if it had never been. */
export function removeApp(world: World, app: AppRow): void {
  for (const machine of machinesOf(world, app.name)) destroy(world, machine);
  for (const rows of [world.volumes, world.addresses, world.egress, world.certificates, world.secrets, world.releases]) {
    for (const [key, row] of rows) if (row.app === app.name) rows.delete(key);
  }
  world.apps.delete(app.name);
}

const addressesOf = (world: World, app: string): readonly AddressRow[] => [...world.addresses.values()].filter((row) => row.app === app);
const renderAddress = (row: AddressRow): JsonObject => ({
  ip: row.ip,
  region: row.region,
  service_name: '',
  shared: row.type === 'shared_v4',
  created_at: iso(row.createdAt),
});
export function assignAddress(world: World, app: string, type: string, region: string): AddressRow {
  const { random } = world;
  const byte = (): number => random.integer(1, 254);
  const hex = (): string => random.text('0123456789abcdef', 4);
  const makeIp = (): string => {
    if (type === 'v6') return `2a09:8280:1::${hex()}:${hex()}`;
    if (type === 'private_v6') return `fdaa:0:${hex()}:0:1::${hex()}`;
    return type === 'shared_v4' ? `66.241.${byte()}.${byte()}` : `137.66.${byte()}.${byte()}`;
  };
  const row = { id: world.id('ip'), app, ip: makeIp(), type, region, createdAt: world.clock.now() };
  world.addresses.set(row.id, row);
  return row;
}
export const listAddresses: Handler = (request) => reply(200, { ips: addressesOf(request.world, appOf(request).name).map(renderAddress) });
export const createAddress: Handler = (request) => {
  const { world, body } = request;
  const app = appOf(request);
  const type = textOf(body['type']) ?? '';
  if (!['v4', 'v6', 'shared_v4', 'private_v6'].includes(type)) refuse(400, `invalid ip type: ${type}`);
  // An app has at most one shared address: asking again gives the same.
  const shared = type === 'shared_v4' ? addressesOf(world, app.name).find((row) => row.type === type) : undefined;
  return reply(200, renderAddress(shared ?? assignAddress(world, app.name, type, textOf(body['region']) ?? 'global')));
};
export const deleteAddress: Handler = (request) => {
  const app = appOf(request);
  const row = addressesOf(request.world, app.name).find((address) => address.ip === request.params['ip']);
  if (row === undefined) return refuse(404, 'ip not found');
  request.world.addresses.delete(row.id);
  return reply(204);
};

/** DNS is looked at some seconds after the request. */
const VALIDATION_MS = [2_000, 6_000] as const;
const HOSTNAME = /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i;
const certificateOf = (request: SimRequest): CertificateRow => {
  const key = `${appOf(request).name}/${request.params['hostname'] ?? ''}`;
  return request.world.certificates.get(key) ?? refuse(404, 'certificate not found');
};
export const listCertificates: Handler = (request) => {
  const app = appOf(request);
  const rows = [...request.world.certificates.values()].filter((row) => row.app === app.name);
  return reply(200, { certificates: rows.map(renderCertificateSummary), total_count: rows.length });
};
export const createCertificate: Handler = (request) => {
  const { world, body } = request;
  const app = appOf(request);
  const hostname = textOf(body['hostname']) ?? '';
  if (!HOSTNAME.test(hostname)) refuse(422, `hostname is invalid: ${hostname}`);
  const key = `${app.name}/${hostname}`;
  const row = world.certificates.get(key) ?? { app: app.name, hostname, createdAt: world.clock.now(), status: 'pending_validation' };
  if (!world.certificates.has(key)) {
    world.certificates.set(key, row);
    world.schedule(world.random.integer(...VALIDATION_MS), () => {
      row.status = 'active';
    });
  }
  return reply(201, renderCertificate(request.world, row));
};
export const getCertificate: Handler = (request) => reply(200, renderCertificate(request.world, certificateOf(request)));
export const checkCertificate: Handler = (request) => reply(200, renderCertificate(request.world, certificateOf(request)));
export const deleteCertificate: Handler = (request) => {
  const row = certificateOf(request);
  request.world.certificates.delete(`${row.app}/${row.hostname}`);
  return reply(204);
};
export const deleteAcmeCertificate: Handler = (request) => {
  const row = certificateOf(request);
  request.world.certificates.delete(`${row.app}/${row.hostname}`);
  return reply(200, renderCertificate(request.world, row));
};

/** Keyed by the app, so that equal values of two apps do not show. Values are not kept, but the few that `site.ts` answers with. */
const secretDigest = (app: string, value: string): string => createHash('sha256').update(`${app}\n${value}`).digest('hex').slice(0, 32);
export const secretsOf = (world: World, app: string): readonly SecretRow[] =>
  [...world.secrets.values()].filter((row) => row.app === app).sort((a, b) => a.name.localeCompare(b.name));
const renderSecret = (row: SecretRow): JsonObject => ({
  name: row.name,
  digest: row.digest,
  created_at: iso(row.createdAt),
  updated_at: iso(row.updatedAt),
});
/** The version rises with every change, also when nothing was there to delete. */
export function writeSecrets(world: World, app: AppRow, values: Readonly<Record<string, string | null>>): number {
  const now = world.clock.now();
  for (const [name, value] of Object.entries(values)) {
    const key = `${app.name}/${name}`;
    const old = world.secrets.get(key);
    if (SITE_VALUES.includes(name)) world.siteValues.set(key, value ?? '');
    if (value === null) world.secrets.delete(key);
    else
      world.secrets.set(key, {
        app: app.name,
        name,
        digest: secretDigest(app.name, value),
        createdAt: old?.createdAt ?? now,
        updatedAt: now,
        refused: /\brefused\b/.test(value),
      });
  }
  app.secretsVersion += 1;
  if (secretsOf(world, app.name).some(({ refused }) => refused)) app.refused = [...(app.refused ?? []), app.secretsVersion];
  app.secretsAt = now;
  return app.secretsVersion;
}
export const listSecrets: Handler = (request) => reply(200, { secrets: secretsOf(request.world, appOf(request).name).map(renderSecret) });
export const updateSecrets: Handler = (request) => {
  const app = appOf(request);
  const values = Object.entries(objectOf(request.body['values'])).map(([name, value]) => [name, typeof value === 'string' ? value : null]);
  const version = writeSecrets(request.world, app, Object.fromEntries(values));
  return reply(200, { secrets: secretsOf(request.world, app.name).map(renderSecret), version, Version: version });
};
const secretOf = (request: SimRequest): SecretRow =>
  request.world.secrets.get(`${appOf(request).name}/${request.params['secret_name'] ?? ''}`) ?? refuse(404, 'secret not found');
export const getSecret: Handler = (request) => reply(200, renderSecret(secretOf(request)));
export const setSecret: Handler = (request) => {
  const app = appOf(request);
  const version = writeSecrets(request.world, app, { [request.params['secret_name'] ?? '']: textOf(request.body['value']) ?? '' });
  return reply(201, { ...renderSecret(secretOf(request)), version, Version: version });
};
export const deleteSecret: Handler = (request) => {
  const version = writeSecrets(request.world, appOf(request), { [request.params['secret_name'] ?? '']: null });
  return reply(200, { version, Version: version });
};
