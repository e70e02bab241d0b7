/** Addresses. They have no name: identified by app and type. A missing one is made; an extra one stays, except a public one on a private app. */
import type { Change, Drift } from '#domain/change.ts';
import { driftKey } from '#domain/change.ts';
import type { Finding, PlanContext } from '#domain/finding.ts';
import { isSettledAt, NOTHING } from '#domain/finding.ts';
import type { AddressType, ObservedAddress } from '#domain/observed.ts';
import { priceAddresses } from '#domain/price.ts';
import { ok } from '#domain/result.ts';
import type { Kind } from './kind.ts';

const PUBLIC: readonly AddressType[] = ['v4', 'v6', 'shared_v4'];

export const ipAddress: Kind<'ip-address'> = {
  name: 'ip-address',
  rank: 1,
  owned: ['address'],
  plan: planAddresses,
  // A released address does not come back, and a new one has no number before it is made.
  undo: () => null,
  repeatable: ({ verb }) => verb === 'destroy',
  price: priceAddresses,
  observe: async ({ fly }, app, signal) => {
    const addresses = await fly.listAddresses(app, signal);
    return addresses.ok ? ok({ addresses: addresses.value }) : addresses;
  },
  find: async ({ fly }, { app, action }, _since, signal) => {
    const listed = await fly.listAddresses(app, signal);
    if (!listed.ok) return listed;
    if (action.verb === 'create') {
      const found = listed.value.find(({ type }) => type === action.type);
      return ok(found === undefined ? null : { id: found.ip });
    }
    return ok(listed.value.some(({ ip }) => ip === action.ip) ? null : { id: action.ip });
  },
  apply: async ({ fly }, { app, action }, signal) => {
    if (action.verb === 'create') {
      const listed = await fly.listAddresses(app, signal);
      if (!listed.ok) return listed;
      const there = listed.value.find(({ type }) => type === action.type);
      if (there !== undefined) return ok({ id: there.ip });
      const made = await fly.assignAddress(app, action.type, action.region, signal);
      return made.ok ? ok({ id: made.value.ip }) : made;
    }
    const released = await fly.releaseAddress(app, action.ip, signal);
    if (!released.ok && released.error.code !== 'FLY_NOT_FOUND') return released;
    return ok({ id: action.ip });
  },
};

function planAddresses(context: PlanContext): Finding {
  const { app, observed } = context;
  if (observed.info === null) return NOTHING;
  const wanted = app.addresses ?? [];
  const missing = wanted.filter((type) => !observed.addresses.some((address) => address.type === type));
  const unwanted =
    app.visibility === 'private' ? observed.addresses.filter(({ type }) => PUBLIC.includes(type) && !wanted.includes(type)) : [];
  const made = missing.map((type) => addressChange(context, { kind: 'ip-address', verb: 'create', type, region: null }, type));
  const released = unwanted.map((address) =>
    addressChange(context, { kind: 'ip-address', verb: 'destroy', type: address.type, ip: address.ip }, address.ip, address),
  );
  const changes = [...made, ...released];
  return { ...NOTHING, now: changes, drifts: changes.filter(({ cause }) => cause === 'drift').flatMap(driftOf) };
}
function addressChange(context: PlanContext, action: Change['action'], subject: string, extra?: ObservedAddress): Change {
  const { app } = context;
  const drift = extra !== undefined || isSettledAt(context);
  return {
    app: app.app,
    subject,
    action,
    cause: drift ? 'drift' : 'change',
    urgent: false,
    fields: [{ pointer: 'address', from: extra?.ip ?? null, to: extra === undefined ? subject : null, group: 'address' }],
    why: extra === undefined ? `give ${app.app} a ${subject} address` : `release ${extra.ip}: ${app.app} is private`,
    group: null,
    region: null,
    restarts: false,
    destroys: extra !== undefined,
    downtime: false,
    needsApproval: extra === undefined ? null : approvalFor(context, extra),
  };
}
function approvalFor({ memory }: PlanContext, address: ObservedAddress): string | null {
  if (address.type === 'v4') return `${address.ip} is a dedicated address and would be lost`;
  return memory.adoptedAddresses.includes(address.ip) ? `${address.ip} was there when the app was taken over` : null;
}
const driftOf = (change: Change): readonly Drift[] =>
  change.fields.map((field) => ({
    app: change.app,
    kind: 'ip-address' as const,
    subject: change.subject,
    field,
    urgent: false,
    key: driftKey(change.app, 'ip-address', change.subject, field.pointer),
  }));
