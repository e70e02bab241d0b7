/** The REST API beside the Machines API ("ui-ex"): releases. Plain concatenation of base and path, a prefix in the base is kept. */

import { absentIsNull } from './absence.ts';
import { type ApiOptions, perform, responseToRaw, SignalledRequest, type Wire } from './call.ts';
import type { FlyClient } from './port.ts';
import { judgeBy, judgeDone } from './reply.ts';
import { CreatedReleaseReply, ReleaseReply, ReleasesReply } from './states.ts';

type Method = 'GET' | 'POST' | 'PATCH';

export const makeSend =
  (options: ApiOptions) =>
  (method: Method, path: string, body?: unknown) =>
  async (signal: AbortSignal): ReturnType<typeof responseToRaw> => {
    const headers = { Authorization: options.authorization, 'User-Agent': options.userAgent, Accept: 'application/json' };
    const url = `${options.baseUrl.replace(/\/+$/, '')}${path}`;
    const sent =
      body === undefined ? { headers } : { headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    return responseToRaw(await options.fetch(new SignalledRequest(url, { method, signal, ...sent })));
  };

type ReleaseCalls = Pick<FlyClient, 'listReleases' | 'currentRelease' | 'createRelease' | 'updateRelease'>;

export function makeReleaseCalls(wire: Wire, options: ApiOptions): ReleaseCalls {
  const send = makeSend(options);
  return {
    listReleases(app, limit, signal) {
      const call = { operation: 'list releases', action: 'release.list', id: app, idempotent: true };
      const path = `/api/v1/apps/${encodeURIComponent(app)}/releases?limit=${limit}`;
      return perform(wire, { ...call, send: send('GET', path), judge: judgeBy(call, ReleasesReply) }, signal);
    },
    currentRelease(app, signal) {
      const call = { operation: 'show current release', action: 'release.current', id: app, idempotent: true };
      const path = `/api/v1/apps/${encodeURIComponent(app)}/releases/current`;
      return absentIsNull(perform(wire, { ...call, send: send('GET', path), judge: judgeBy(call, ReleaseReply) }, signal));
    },
    createRelease(create, signal) {
      const call = { operation: 'create release', action: 'release.create', id: create.app, idempotent: false };
      const body = { app_name: create.app, image: create.image, strategy: create.strategy, definition: create.definition };
      return perform(wire, { ...call, send: send('POST', '/api/v1/releases', body), judge: judgeBy(call, CreatedReleaseReply) }, signal);
    },
    updateRelease(release, status, signal) {
      const call = { operation: 'update release', action: 'release.update', id: release, idempotent: true };
      const path = `/api/v1/releases/${encodeURIComponent(release)}`;
      return perform(wire, { ...call, send: send('PATCH', path, { status, metadata: null }), judge: judgeDone(call) }, signal);
    },
  };
}
