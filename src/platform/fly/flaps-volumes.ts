/** Volumes. There is no call to delete one: trimtab never does. */
import type { AppName } from '#domain/ids.ts';
import { perform } from './call.ts';
import { asText, type Flaps, toRaw } from './flaps.ts';
import type { CreateVolume, FlyClient } from './port.ts';
import { judgeBy, judgeDone, listOf } from './reply.ts';
import { SnapshotsReply, volumeOf } from './states.ts';

const VOLUMES = '/apps/{app_name}/volumes';

export function makeVolumeCalls({ wire, http }: Flaps): Pick<FlyClient, 'listVolumes' | 'listSnapshots' | 'createVolume' | 'extendVolume'> {
  return {
    listVolumes(app, signal) {
      const call = { operation: 'list volumes', action: 'volume.list', id: app, idempotent: true };
      const params = appPath(app);
      const send = (within: AbortSignal) => toRaw(http.GET(VOLUMES, { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, listOf(volumeOf(app))) }, signal);
    },
    listSnapshots(app, volume, signal) {
      const call = { operation: 'list snapshots', action: 'snapshot.list', id: volume, idempotent: true };
      const params = { path: { app_name: app, volume_id: volume } };
      const send = (within: AbortSignal) => toRaw(http.GET(`${VOLUMES}/{volume_id}/snapshots`, { params, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, SnapshotsReply) }, signal);
    },
    createVolume(app, create, signal) {
      const call = { operation: 'create volume', action: 'volume.create', id: app, idempotent: false };
      const params = appPath(app);
      const body = createBody(create);
      const send = (within: AbortSignal) => toRaw(http.POST(VOLUMES, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeBy(call, volumeOf(app)) }, signal);
    },
    extendVolume(app, volume, sizeGb, signal) {
      const call = { operation: 'extend volume', action: 'volume.extend', id: volume, idempotent: true };
      const params = { path: { app_name: app, volume_id: volume } };
      const body = { size_gb: sizeGb };
      const send = (within: AbortSignal) => toRaw(http.PUT(`${VOLUMES}/{volume_id}/extend`, { params, body, signal: within, ...asText }));
      return perform(wire, { ...call, send, judge: judgeDone(call) }, signal);
    },
  };
}

const appPath = (app: AppName) => ({ path: { app_name: app } });

const createBody = (create: CreateVolume) => ({
  name: create.name,
  region: create.region,
  size_gb: create.sizeGb,
  encrypted: create.encrypted,
  ...(create.snapshotRetention === undefined ? {} : { snapshot_retention: create.snapshotRetention }),
  ...(create.autoBackup === undefined ? {} : { auto_backup_enabled: create.autoBackup }),
  ...(create.requireUniqueZone === undefined ? {} : { require_unique_zone: create.requireUniqueZone }),
  ...(create.compute === undefined ? {} : { compute: create.compute }),
});
