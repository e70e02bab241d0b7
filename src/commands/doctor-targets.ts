/** `trimtab doctor`: can every target under `notify` be reached for an address? Nothing is sent; `trimtab notify test` does that. */
import type { Finding } from '#cli/doctor.ts';
import { namedTargets, sourcesOf as sourcesOfTarget } from '#domain/desired-notify.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { readDesired } from '#engine/desired.ts';
import type { SecretReader } from '#engine/secret-reader.ts';
import { readOutside } from '#platform/source/outside.ts';
import { stateFolder } from '#src/compose.ts';
import { composeSecrets } from '#src/compose-secrets.ts';
import { sourcesOf } from '#src/compose-source.ts';
import type { Config } from '#src/config.ts';

/** One per environment that has targets. What is wrong with the desired state itself is told by `validate`. */
export async function targetFindings(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const source = sourcesOf(config);
  if (!source.ok) return [];
  const { source: read, folder, own } = source.value;
  const asked = {
    source: read,
    folder,
    own,
    flyFor: null,
    readOutside,
    process: config.variables,
    previous: () => null,
    keepsLookups: false,
  };
  const desired = await readDesired(asked, signal);
  if (!desired.ok) return [];
  const environments = desired.value.flatMap(({ compiled }) => (compiled.ok ? [compiled.value.document] : []));
  const { reader } = await composeSecrets(config, { stateFolder: stateFolder(config), simulated: false });
  reader.serves(environments.map(({ name }) => name));
  const findings: Finding[] = [];
  for (const environment of environments) {
    const finding = await findingOf(reader, environment, signal);
    if (finding !== null) findings.push(finding);
  }
  return findings;
}
async function findingOf(reader: SecretReader, environment: CompiledEnvironment, signal: AbortSignal): Promise<Finding | null> {
  const targets = namedTargets(environment.declared?.notify ?? []);
  if (targets.length === 0) return null;
  const faults: string[] = [];
  for (const { name, target } of targets)
    for (const [part, from] of Object.entries(sourcesOfTarget(target))) {
      const given = await reader.sourceOf(environment, part, from, signal);
      if (!given.ok) faults.push(`${name}: ${part}: ${given.error.message}`);
      else if (given.value === null || given.value.isEmpty) faults.push(`${name}: ${part}: ${from.env ?? 'its source'} gives nothing`);
    }
  const what = `notify ${environment.name}`;
  if (faults.length === 0)
    return { what, state: 'ok', found: `${targets.map(({ name }) => name).join(', ')}: every address is given`, remedy: null };
  return {
    what,
    state: 'warning',
    found: faults.join('; '),
    remedy: 'set what the sources under `notify` name; `trimtab notify test` tries them',
  };
}
