/** What happens to a world by itself or by somebody's hand, beside the API: sick hosts, migrations, flapping checks, kills, crashes. */
import { z } from 'zod';
import { checksOf, setCheck } from './checks.ts';
import { insertApp } from './handle-apps.ts';
import { migrate } from './handle-machines.ts';
import { moveTag } from './images.ts';
import { crash, setState } from './lifecycle.ts';
import { SITE_WORDS } from './site.ts';
import type { MachineRow, World } from './world.ts';

const machine = { machine: z.string() };
export const Act = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('hostUnreachable'), ...machine }),
  z.strictObject({ act: z.literal('hostRecovered'), ...machine }),
  z.strictObject({ act: z.literal('migrate'), ...machine }),
  z.strictObject({ act: z.literal('checkFails'), ...machine, check: z.string().optional() }),
  z.strictObject({ act: z.literal('checkPasses'), ...machine, check: z.string().optional() }),
  z.strictObject({ act: z.literal('outOfMemory'), ...machine }),
  z.strictObject({ act: z.literal('crash'), ...machine }),
  z.strictObject({ act: z.literal('errorRegions'), regions: z.array(z.string()) }),
  z.strictObject({ act: z.literal('capacity'), region: z.string(), machines: z.number().int().min(0).nullable() }),
  z.strictObject({ act: z.literal('moveTag'), image: z.string(), generation: z.string() }),
  z.strictObject({ act: z.literal('listLag'), ms: z.number().int().min(0) }),
  z.strictObject({ act: z.literal('createLag'), ms: z.number().int().min(0) }),
  z.strictObject({ act: z.literal('organization'), slug: z.string(), name: z.string() }),
  z.strictObject({ act: z.literal('app'), name: z.string(), organization: z.string() }),
  z.strictObject({ act: z.literal('site'), app: z.string(), is: z.enum(SITE_WORDS).nullable() }),
]);
export type Act = z.infer<typeof Act>;

/** False: there is no such machine. */
export function perform(world: World, act: Act): boolean {
  world.catchUp();
  if ('machine' in act) {
    const row = world.machines.get(act.machine);
    if (row === undefined) return false;
    performOn(world, row, act);
  } else performOnWorld(world, act);
  world.onChange?.();
  return true;
}
type OnMachine = Extract<Act, { readonly machine: string }>;
function performOn(world: World, row: MachineRow, act: OnMachine): void {
  switch (act.act) {
    case 'hostUnreachable':
      row.hostStatus = 'unreachable';
      return setState(world, row, row.state);
    case 'hostRecovered':
      row.hostStatus = 'ok';
      return setState(world, row, row.state);
    case 'migrate':
      return migrate(world, row);
    case 'checkFails':
    case 'checkPasses':
      for (const { name } of checksOf(row)) {
        if (act.check !== undefined && act.check !== name) continue;
        if (act.act === 'checkFails') setCheck(world, row, name, 'critical', '503 Service Unavailable');
        else setCheck(world, row, name, 'passing', 'Success');
      }
      return;
    case 'outOfMemory':
      return crash(world, row, true);
    case 'crash':
      return crash(world, row, false);
  }
}
function performOnWorld(world: World, act: Exclude<Act, OnMachine>): void {
  switch (act.act) {
    case 'errorRegions':
      world.errorRegions.clear();
      for (const region of act.regions) world.errorRegions.add(region);
      return;
    case 'capacity':
      if (act.machines === null) world.capacity.delete(act.region);
      else world.capacity.set(act.region, act.machines);
      return;
    case 'moveTag':
      moveTag(world, act.image, act.generation);
      return;
    case 'listLag':
      world.listLagMs = act.ms;
      return;
    case 'createLag':
      world.createLagMs = act.ms;
      return;
    case 'organization':
      world.organizations.set(act.slug, { slug: act.slug, name: act.name });
      return;
    case 'app':
      insertApp(world, act.name, act.organization);
      return;
    case 'site':
      world.sites.set(act.app, act.is);
  }
}
