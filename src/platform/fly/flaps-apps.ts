/** Apps, their addresses, certificates and secrets. */
import { ok } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';
import { goneIsDone } from './absence.ts';
import { perform } from './call.ts';
import { asText, type Flaps, toRaw } from './flaps.ts';
import { readPages } from './pages.ts';
import type { FlyClient } from './port.ts';
import { judgeBy, judgeDone, judgeSilently } from './reply.ts';
import {
  AddressesReply,
  AddressReply,
  AppReply,
  AppsReply,
  CertificatePage,
  CertificateReply,
  SecretsReply,
  SecretsWrittenReply,
} from './states.ts';

type AppCalls = Pick<FlyClient, 'getApp' | 'listApps' | 'createApp'>;
type AddressCalls = Pick<FlyClient, 'listAddresses' | 'assignAddress' | 'releaseAddress'>;
type CertificateCalls = Pick<FlyClient, 'listCertificates' | 'requestCertificate' | 'deleteCertificate'>;

const APP = '/apps/{app_name}';
const ADDRESSES = '/apps/{app_name}/ip_assignments';
const CERTIFICATES = '/apps/{app_name}/certificates';
/** A created app is unknown or refused for a moment. The platform's own client waits up to a minute; the engine comes back anyway. */
const CREATED_LOOKS = 5;
const CREATED_PAUSE = seconds(2);

export function makeAppCalls({ wire, http }: Flaps): AppCalls {
  const getApp: FlyClient['getApp'] = (app, signal) => {
    const call = { operation: 'get app', action: 'app.get', id: app, idempotent: true };
    const params = { path: { app_name: app } };
    const send = (within: AbortSignal) => toRaw(http.GET(APP, { params, signal: within, ...asText }));
    return perform(wire, { ...call, send, judge: judgeBy(call, AppReply) }, signal);
  };
  return {
    getApp,
    listApps(organization, signal) {
      const call = { operation: 'list apps', action: 'app.list', id: organization, idempotent: true };
      const params = { query: { org_slug: organization } };
      const send = (within: AbortSignal) => toRaw(http.GET('/apps', { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, AppsReply) }, signal);
    },
    async createApp(app, organization, signal) {
      const call = { operation: 'create app', action: 'app.create', id: organization, idempotent: false };
      const params = { query: { wait: true } };
      const body = { name: app, org_slug: organization };
      const send = (within: AbortSignal) => toRaw(http.POST('/apps', { params, body, signal: within, ...asText }));
      const created = await perform(wire, { ...call, send, judge: judgeDone(call) }, signal);
      if (!created.ok) return created;
      for (let look = 0; look < CREATED_LOOKS; look++) {
        const seen = await getApp(app, signal);
        if (seen.ok || !(seen.error.code === 'FLY_NOT_FOUND' || seen.error.code === 'FLY_UNAUTHORIZED')) break;
        const cancelled = await wire.clock.sleep(CREATED_PAUSE, signal).then(
          () => false,
          () => true,
        );
        if (cancelled) break;
      }
      // It was created, seen or not: whoever asks next finds out.
      return ok(undefined);
    },
  };
}

export function makeAddressCalls({ wire, http }: Flaps): AddressCalls {
  return {
    listAddresses(app, signal) {
      const call = { operation: 'list addresses', action: 'ip.list', id: app, idempotent: true };
      const params = { path: { app_name: app } };
      const send = (within: AbortSignal) => toRaw(http.GET(ADDRESSES, { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, AddressesReply) }, signal);
    },
    async assignAddress(app, type, region, signal) {
      const call = { operation: 'assign address', action: 'ip.assign', id: app, idempotent: false };
      const params = { path: { app_name: app } };
      const body = { type, ...(region === null ? {} : { region }) };
      const send = (within: AbortSignal) => toRaw(http.POST(ADDRESSES, { params, body, signal: within, ...asText }));
      const assigned = await perform(wire, { ...call, send, judge: judgeBy(call, AddressReply) }, signal);
      // The reply does not say the type, and a shared one may not say that either: it is what was asked for.
      return assigned.ok ? ok({ ...assigned.value, type }) : assigned;
    },
    releaseAddress(app, ip, signal) {
      const call = { operation: 'release address', action: 'ip.release', id: app, idempotent: true };
      const params = { path: { app_name: app, ip } };
      const send = (within: AbortSignal) => toRaw(http.DELETE(`${ADDRESSES}/{ip}`, { params, signal: within, ...asText }));
      return goneIsDone(perform(wire, { ...call, send, judge: judgeDone(call) }, signal));
    },
  };
}

export function makeCertificateCalls({ wire, http }: Flaps): CertificateCalls {
  return {
    async listCertificates(app, signal) {
      const call = { operation: 'list certificates', action: 'certificate.list', id: app, idempotent: true };
      const pages = await readPages(call.operation, (cursor) => {
        const params = { path: { app_name: app }, query: cursor === null ? {} : { cursor } };
        const send = (within: AbortSignal) => toRaw(http.GET(CERTIFICATES, { params, signal: within, ...asText }));
        return perform(wire, { ...call, send, judge: judgeBy(call, CertificatePage) }, signal);
      });
      return pages.ok ? ok(pages.value.flatMap((page) => page.items)) : pages;
    },
    requestCertificate(app, hostname, signal) {
      const call = { operation: 'request certificate', action: 'certificate.create', id: app, idempotent: false };
      const params = { path: { app_name: app } };
      const body = { hostname };
      const send = (within: AbortSignal) => toRaw(http.POST(`${CERTIFICATES}/acme`, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, CertificateReply) }, signal);
    },
    deleteCertificate(app, hostname, signal) {
      const call = { operation: 'delete certificate', action: 'certificate.delete', id: app, idempotent: true };
      const params = { path: { app_name: app, hostname } };
      const send = (within: AbortSignal) => toRaw(http.DELETE(`${CERTIFICATES}/{hostname}`, { params, signal: within, ...asText }));
      return goneIsDone(perform(wire, { ...call, send, judge: judgeDone(call) }, signal));
    },
  };
}

export function makeSecretCalls({ wire, http }: Flaps): Pick<FlyClient, 'listSecrets' | 'updateSecrets'> {
  return {
    listSecrets(app, signal) {
      const call = { operation: 'list secrets', action: 'secret.list', id: app, idempotent: true };
      const params = { path: { app_name: app } };
      const send = (within: AbortSignal) => toRaw(http.GET('/apps/{app_name}/secrets', { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, SecretsReply) }, signal);
    },
    updateSecrets(app, values, signal) {
      // Not repeated by itself: whether it landed is looked up, so that a version is never guessed.
      const call = { operation: 'set secrets', action: 'secret.update', id: app, idempotent: false };
      const params = { path: { app_name: app } };
      const send = (within: AbortSignal) => {
        const body = { values: Object.fromEntries([...values].map(([name, value]) => [name, value === null ? null : value.reveal()])) };
        return toRaw(http.POST('/apps/{app_name}/secrets', { params, body, signal: within, ...asText }));
      };
      return perform(wire, { ...call, send, judge: judgeSilently(call, SecretsWrittenReply) }, signal);
    },
  };
}
