/** What the platform says: does the token reach every app, are the images there, is there room, are addresses and certificates in place? */
import { remedyOf } from '#domain/errors.ts';
import { parseReference } from '#domain/image.ts';
import { isActive, type ObservedMachine } from '#domain/observed.ts';
import type { CompiledApp, CompiledGroup } from '#domain/revision.ts';
import { flyGroupOf, isReserved } from '#domain/stamp.ts';
import { inTurns } from '#engine/in-turns.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import { failing, fine, lacking, type Part, type Scene, warning } from './part.ts';

/** The client's own limits hold all the same; more at a time would only wait there. */
const APPS_AT_A_TIME = 8;

export const platformItems: Part = async (deps, scene, signal) => {
  const { environment, apps } = scene;
  const fly = deps.flyFor(environment);
  const what = `token ${environment.declared?.credentials.fly ?? 'FLY_API_TOKEN'}`;
  if (!fly.ok) return [failing(what, fly.error.message, remedyOf(fly.error))];
  const token = await tokenItem(fly.value, scene, what, signal);
  // Without a token everything else would say the same once more.
  if (token.state === 'failed') return [token];
  const asking = roomAskedOnce(fly.value);
  const each = await inTurns(apps, APPS_AT_A_TIME, (app) => appItems(asking, scene, app, signal));
  return [token, ...each.flat()];
};

/** Room is asked of the organization, which may be asked once a second: many apps of one size are one question. */
function roomAskedOnce(fly: FlyClient): FlyClient {
  const answers = new Map<string, ReturnType<FlyClient['placements']>>();
  return {
    ...fly,
    placements: (organization, guest, count, regions, signal) => {
      const question = JSON.stringify([organization, guest, count, regions]);
      const answer = answers.get(question) ?? fly.placements(organization, guest, count, regions, signal);
      answers.set(question, answer);
      return answer;
    },
  };
}
async function tokenItem(fly: FlyClient, { environment, apps }: Scene, what: string, signal: AbortSignal): Promise<PhaseItem> {
  const token = await fly.currentToken(signal);
  if (!token.ok) return failing(what, token.error.message, remedyOf(token.error));
  const { organizations, apps: reached } = token.value;
  const missing = reached === null ? [] : apps.filter(({ app }) => !reached.includes(app)).map(({ app }) => app);
  const remedy = `fly tokens create org -o ${environment.organization}`;
  if (organizations.length > 0 && !organizations.includes(environment.organization))
    return failing(what, `reaches ${organizations.join(', ')}, not ${environment.organization}`, remedy);
  if (missing.length > 0) return failing(what, `does not reach ${missing.join(', ')}`, remedy);
  return fine(what, `reaches organization ${environment.organization}`);
}

async function appItems(fly: FlyClient, scene: Scene, app: CompiledApp, signal: AbortSignal): Promise<readonly PhaseItem[]> {
  const what = `app ${app.name}`;
  const info = await fly.getApp(app.app, signal);
  if (!info.ok && info.error.code !== 'FLY_NOT_FOUND') return [failing(what, info.error.message, remedyOf(info.error))];
  if (info.ok && info.value.organization !== scene.environment.organization)
    return [failing(what, `${app.app} belongs to ${info.value.organization}`, 'use another name, or the right organization')];
  const there = info.ok;
  const listed = there ? await fly.listMachines(app.app, signal) : null;
  if (listed !== null && !listed.ok) return [failing(what, listed.error.message, remedyOf(listed.error))];
  const machines = listed === null ? [] : listed.value.filter((one) => isActive(one) && !isReserved(one));
  return [
    fine(what, there ? `${app.app} is there` : `${app.app} will be created`),
    ...(await imageItems(fly, app, there, signal)),
    ...(await capacityItems(fly, scene, app, machines, signal)),
    ...(await addressItems(fly, app, there, signal)),
    ...(await certificateItems(fly, app, there, signal)),
  ];
}

async function imageItems(fly: FlyClient, app: CompiledApp, there: boolean, signal: AbortSignal): Promise<readonly PhaseItem[]> {
  if (app.image === null) return [];
  const what = `image ${app.name}`;
  const { reference } = app.image;
  const found = await fly.resolveImage(app.app, reference, signal);
  if (found.ok && found.value !== null) return [fine(what, `${reference} is in the registry`)];
  const remedy = `push it (${parseReference(reference).registry}), or correct spec.image`;
  if (found.ok) return [failing(what, `${reference} is not in the registry`, remedy)];
  if (!there && found.error.code === 'FLY_NOT_FOUND')
    return [warning(what, `${reference} cannot be looked up before the app exists`, 'the first machine tells')];
  return [failing(what, found.error.message, remedyOf(found.error))];
}

async function capacityItems(
  fly: FlyClient,
  scene: Scene,
  app: CompiledApp,
  machines: readonly ObservedMachine[],
  signal: AbortSignal,
): Promise<readonly PhaseItem[]> {
  const items: PhaseItem[] = [];
  for (const group of app.groups) {
    for (const { region, min } of group.regions) {
      const standing = machines.filter((one) => one.region === region && flyGroupOf(one.metadata) === group.name).length;
      if (min > standing) items.push(await roomItem(fly, scene, { app, group, region, count: min - standing }, signal));
    }
  }
  return items;
}
interface Wanted {
  readonly app: CompiledApp;
  readonly group: CompiledGroup;
  readonly region: CompiledGroup['regions'][number]['region'];
  readonly count: number;
}
async function roomItem(fly: FlyClient, scene: Scene, { app, group, region, count }: Wanted, signal: AbortSignal): Promise<PhaseItem> {
  const what = `capacity ${app.name}/${group.name} ${region}`;
  const machines = `${count} more machine${count === 1 ? '' : 's'}`;
  const guest = { ...group.config.guest };
  const room = await fly.placements(scene.environment.organization, guest, count, [region], signal);
  if (!room.ok) return failing(what, room.error.message, remedyOf(room.error));
  if (room.value.includes(region)) return fine(what, `room for ${machines}`);
  return lacking(scene, what, `no room for ${machines} of this size`, 'add a region, choose another size, or wait: a release waits too');
}

async function addressItems(fly: FlyClient, app: CompiledApp, there: boolean, signal: AbortSignal): Promise<readonly PhaseItem[]> {
  if (app.addresses === null) return [];
  const what = `addresses ${app.name}`;
  const listed = there ? await fly.listAddresses(app.app, signal) : null;
  if (listed !== null && !listed.ok) return [failing(what, listed.error.message, remedyOf(listed.error))];
  const types = new Set((listed?.value ?? []).map(({ type }) => type));
  const missing = app.addresses.filter((type) => !types.has(type));
  const surplus = app.visibility === 'private' ? [...types].filter((type) => type !== 'private_v6') : [];
  if (surplus.length > 0)
    return [warning(what, `a private app has ${surplus.join(', ')}`, 'it will be released; a dedicated one needs approval')];
  if (app.addresses.length === 0) return [fine(what, 'none, as it is private')];
  return [fine(what, missing.length === 0 ? app.addresses.join(', ') : `${missing.join(', ')} will be assigned`)];
}

async function certificateItems(fly: FlyClient, app: CompiledApp, there: boolean, signal: AbortSignal): Promise<readonly PhaseItem[]> {
  if (app.certificates === null || app.certificates.length === 0) return [];
  const listed = there ? await fly.listCertificates(app.app, signal) : null;
  if (listed !== null && !listed.ok) return [failing(`certificates ${app.name}`, listed.error.message, remedyOf(listed.error))];
  return app.certificates.map((hostname) => {
    const what = `certificate ${hostname}`;
    const found = listed?.value.find((one) => one.hostname === hostname);
    if (found === undefined) return warning(what, 'will be requested', `point the DNS of ${hostname} at the app first`);
    return found.status === 'active'
      ? fine(what, 'active')
      : warning(what, found.status || 'not issued yet', `fly certs check ${hostname} -a ${app.app}`);
  });
}
