/** Every operation of the description, by method and path: a new one is a type error until it is handled or said to be not modelled. */
import type { paths } from '#openapi/fly-machines.d.ts';
import * as acts from './handle-acts.ts';
import * as apps from './handle-apps.ts';
import * as machines from './handle-machines.ts';
import * as platform from './handle-platform.ts';
import { type Handler, reply } from './request.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export type Operation = {
  [P in keyof paths & string]: { [M in Method]: paths[P][M] extends object ? `${Uppercase<M>} ${P}` : never }[Method];
}[keyof paths & string];

/** A typed answer instead of a guess: the simulator's README lists these. */
const notModelled: Handler = () => reply(501, { error: 'not modelled by the simulator', status: 'not_modelled' });

const M = '/apps/{app_name}/machines/{machine_id}';
export const HANDLERS = {
  'GET /apps': apps.listApps,
  'POST /apps': apps.createApp,
  'GET /apps/{app_name}': apps.getApp,
  'DELETE /apps/{app_name}': apps.deleteApp,
  'GET /apps/{app_name}/certificates': apps.listCertificates,
  'POST /apps/{app_name}/certificates/acme': apps.createCertificate,
  'POST /apps/{app_name}/certificates/custom': apps.createCertificate,
  'GET /apps/{app_name}/certificates/{hostname}': apps.getCertificate,
  'DELETE /apps/{app_name}/certificates/{hostname}': apps.deleteCertificate,
  'DELETE /apps/{app_name}/certificates/{hostname}/acme': apps.deleteAcmeCertificate,
  'POST /apps/{app_name}/certificates/{hostname}/check': apps.checkCertificate,
  'DELETE /apps/{app_name}/certificates/{hostname}/custom': notModelled,
  'POST /apps/{app_name}/deploy_token': notModelled,
  'GET /apps/{app_name}/ip_assignments': apps.listAddresses,
  'POST /apps/{app_name}/ip_assignments': apps.createAddress,
  'DELETE /apps/{app_name}/ip_assignments/{ip}': apps.deleteAddress,
  'GET /apps/{app_name}/machines': machines.listMachines,
  'POST /apps/{app_name}/machines': machines.createMachine,
  [`GET ${M}`]: machines.getMachine,
  [`POST ${M}`]: machines.updateMachine,
  [`DELETE ${M}`]: machines.destroyMachine,
  [`POST ${M}/cordon`]: acts.cordonMachine,
  [`GET ${M}/events`]: machines.listEvents,
  [`POST ${M}/exec`]: acts.execInMachine,
  [`GET ${M}/lease`]: acts.getLease,
  [`POST ${M}/lease`]: acts.acquireLease,
  [`DELETE ${M}/lease`]: acts.releaseLease,
  [`GET ${M}/memory`]: acts.getMemory,
  [`PUT ${M}/memory`]: acts.setMemory,
  [`POST ${M}/memory/reclaim`]: acts.reclaimMemory,
  [`GET ${M}/metadata`]: acts.getMetadata,
  [`PUT ${M}/metadata`]: acts.putMetadata,
  [`PATCH ${M}/metadata`]: acts.patchMetadata,
  [`GET ${M}/metadata/{key}`]: acts.getMetadataKey,
  [`POST ${M}/metadata/{key}`]: acts.setMetadataKey,
  [`DELETE ${M}/metadata/{key}`]: acts.deleteMetadataKey,
  [`GET ${M}/ps`]: acts.listProcesses,
  [`POST ${M}/restart`]: acts.restartMachine,
  [`POST ${M}/signal`]: acts.signalMachine,
  [`POST ${M}/start`]: acts.startMachine,
  [`POST ${M}/stop`]: acts.stopMachine,
  [`POST ${M}/suspend`]: acts.suspendMachine,
  [`POST ${M}/uncordon`]: acts.uncordonMachine,
  [`GET ${M}/versions`]: machines.listVersions,
  [`GET ${M}/wait`]: acts.waitForMachine,
  'GET /apps/{app_name}/secretkeys': notModelled,
  'GET /apps/{app_name}/secretkeys/{secret_name}': notModelled,
  'POST /apps/{app_name}/secretkeys/{secret_name}': notModelled,
  'DELETE /apps/{app_name}/secretkeys/{secret_name}': notModelled,
  'POST /apps/{app_name}/secretkeys/{secret_name}/decrypt': notModelled,
  'POST /apps/{app_name}/secretkeys/{secret_name}/encrypt': notModelled,
  'POST /apps/{app_name}/secretkeys/{secret_name}/generate': notModelled,
  'POST /apps/{app_name}/secretkeys/{secret_name}/sign': notModelled,
  'POST /apps/{app_name}/secretkeys/{secret_name}/verify': notModelled,
  'GET /apps/{app_name}/secrets': apps.listSecrets,
  'POST /apps/{app_name}/secrets': apps.updateSecrets,
  'GET /apps/{app_name}/secrets/{secret_name}': apps.getSecret,
  'POST /apps/{app_name}/secrets/{secret_name}': apps.setSecret,
  'DELETE /apps/{app_name}/secrets/{secret_name}': apps.deleteSecret,
  'GET /apps/{app_name}/volumes': platform.listVolumes,
  'POST /apps/{app_name}/volumes': platform.createVolume,
  'GET /apps/{app_name}/volumes/{volume_id}': platform.getVolume,
  'PUT /apps/{app_name}/volumes/{volume_id}': platform.updateVolume,
  'DELETE /apps/{app_name}/volumes/{volume_id}': platform.deleteVolume,
  'PUT /apps/{app_name}/volumes/{volume_id}/extend': platform.extendVolume,
  'GET /apps/{app_name}/volumes/{volume_id}/snapshots': platform.listSnapshots,
  'POST /apps/{app_name}/volumes/{volume_id}/snapshots': platform.createSnapshot,
  'GET /orgs/{org_slug}/machines': platform.listOrgMachines,
  'GET /orgs/{org_slug}/volumes': platform.listOrgVolumes,
  'POST /platform/placements': platform.findPlacements,
  'GET /platform/regions': platform.listRegions,
  'POST /tokens/authenticate': notModelled,
  'POST /tokens/authorize': notModelled,
  'GET /tokens/current': platform.currentToken,
  'POST /tokens/kms': notModelled,
  'POST /tokens/oidc': notModelled,
} satisfies Record<Operation, Handler>;
