/** A fleet of a thousand apps, brought to what git says on the virtual clock and left in a folder for another process to serve. */
import { mkdirSync } from 'node:fs';
import { seconds } from '#domain/units.ts';
import { keepSaved } from '#simulator/persist.ts';
import { isSettled, makeHarness } from '#test/support/harness.ts';

export const APPS = 1_000;
export const MACHINES_PER_APP = 5;

export function fleetFiles(apps: number): Record<string, string> {
  const files: Record<string, string> = {
    'desired-state/fleet/environment.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: fleet }
spec: { organization: acme, protection: none, primaryRegion: nrt, sync: { mode: automatic } }
`,
  };
  for (let at = 0; at < apps; at++) {
    const name = `app-${String(at).padStart(4, '0')}`;
    files[`infra/${name}.toml`] = `app = "acme-${name}"
primary_region = "nrt"
[env]
  LOG_LEVEL = "info"
  SHARD = "${at}"
[http_service]
  internal_port = 8080
  force_https = true
  auto_stop_machines = "off"
  auto_start_machines = true
  [[http_service.checks]]
    interval = "5s"
    timeout = "2s"
    method = "GET"
    path = "/healthz"
[[vm]]
  size = "shared-cpu-1x"
`;
    files[`desired-state/fleet/${name}.yaml`] = `apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: ${name} }
spec:
  app: acme-${name}
  config: infra/${name}.toml
  image: registry.fly.io/acme-${name}:v1
  groups: { app: { machines: { nrt: 3, fra: 2 } } }
`;
  }
  return files;
}
/** Converges the fleet and saves its world. */
export async function makeFleet(files: Record<string, string>, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const harness = await makeHarness({ files, seed: 'fleet', concurrency: 64 });
  for (let spent = 0; !isSettled(harness.controller()); spent += 5) {
    if (spent > 1_200) throw new Error('the fleet does not settle');
    await harness.clock.advance(seconds(5));
  }
  const save = keepSaved(harness.simulator.world, folder);
  await harness.stop();
  save();
}
