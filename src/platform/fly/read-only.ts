/** The last gate before the platform: while writes are halted, every write is refused here, whoever asks. */
import { failure, type PlatformError } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import type { FlyClient, Reply } from './port.ts';

/** Every operation, by whether it changes something. A new one in the port is a type error here until it is placed. */
export const CHANGES = {
  getApp: false,
  listApps: false,
  createApp: true,
  listMachines: false,
  listOrgMachines: false,
  getMachine: false,
  createMachine: true,
  updateMachine: true,
  startMachine: true,
  stopMachine: true,
  cordonMachine: true,
  uncordonMachine: true,
  destroyMachine: true,
  patchMetadata: true,
  acquireLease: true,
  refreshLease: true,
  // It ends with its TTL all the same.
  releaseLease: true,
  getLease: false,
  // A command inside may change anything.
  execInMachine: true,
  listVolumes: false,
  listSnapshots: false,
  createVolume: true,
  extendVolume: true,
  listAddresses: false,
  listEgressAddresses: false,
  assignAddress: true,
  releaseAddress: true,
  listCertificates: false,
  requestCertificate: true,
  deleteCertificate: true,
  listSecrets: false,
  updateSecrets: true,
  listReleases: false,
  currentRelease: false,
  createRelease: true,
  updateRelease: true,
  releaseDefinition: false,
  resolveImage: false,
  listRegions: false,
  placements: false,
  currentToken: false,
} as const satisfies Record<keyof FlyClient, boolean>;
export type WriteOperation = { [K in keyof typeof CHANGES]: (typeof CHANGES)[K] extends true ? K : never }[keyof typeof CHANGES];

/** `isHalted` gives the reason in words, or null. Asked at each write, so a halt holds from the next request on. */
export function readOnlyFly(fly: FlyClient, isHalted: () => string | null): FlyClient {
  return gatedFly(fly, (operation) => {
    const reason = isHalted();
    return Promise.resolve(reason === null ? null : failure('HALTED', `${operation} refused: ${reason}`));
  });
}
/** Every write asks `gate` first: null lets it through. */
export function gatedFly(
  fly: FlyClient,
  gate: (operation: WriteOperation, signal: AbortSignal) => Promise<PlatformError | null>,
): FlyClient {
  const guarded =
    <Arguments extends readonly unknown[], T>(operation: WriteOperation, write: (...given: Arguments) => Reply<T>) =>
    async (...given: Arguments): Reply<T> => {
      const signal = given.at(-1);
      const refused = await gate(operation, signal instanceof AbortSignal ? signal : new AbortController().signal);
      return refused === null ? write(...given) : err(refused);
    };
  const writes = {
    createApp: guarded('createApp', fly.createApp),
    createMachine: guarded('createMachine', fly.createMachine),
    updateMachine: guarded('updateMachine', fly.updateMachine),
    startMachine: guarded('startMachine', fly.startMachine),
    stopMachine: guarded('stopMachine', fly.stopMachine),
    cordonMachine: guarded('cordonMachine', fly.cordonMachine),
    uncordonMachine: guarded('uncordonMachine', fly.uncordonMachine),
    destroyMachine: guarded('destroyMachine', fly.destroyMachine),
    patchMetadata: guarded('patchMetadata', fly.patchMetadata),
    acquireLease: guarded('acquireLease', fly.acquireLease),
    refreshLease: guarded('refreshLease', fly.refreshLease),
    releaseLease: guarded('releaseLease', fly.releaseLease),
    execInMachine: guarded('execInMachine', fly.execInMachine),
    createVolume: guarded('createVolume', fly.createVolume),
    extendVolume: guarded('extendVolume', fly.extendVolume),
    assignAddress: guarded('assignAddress', fly.assignAddress),
    releaseAddress: guarded('releaseAddress', fly.releaseAddress),
    requestCertificate: guarded('requestCertificate', fly.requestCertificate),
    deleteCertificate: guarded('deleteCertificate', fly.deleteCertificate),
    updateSecrets: guarded('updateSecrets', fly.updateSecrets),
    createRelease: guarded('createRelease', fly.createRelease),
    updateRelease: guarded('updateRelease', fly.updateRelease),
  } satisfies Pick<FlyClient, WriteOperation>;
  return { ...fly, ...writes };
}
