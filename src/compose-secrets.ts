/** Where secrets come from in this process, and what fingerprints of them are keyed with. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { SecretDeclaration } from '#domain/desired-sources.ts';
import { SecretValue } from '#domain/secret-value.ts';
import { seconds } from '#domain/units.ts';
import type { SecretsDep } from '#engine/release-ports.ts';
import { makeSecretReader, type SecretReader } from '#engine/secret-reader.ts';
import { makeSecretsPart } from '#engine/secrets-part.ts';
import { realClock } from '#platform/clock.ts';
import { makeSecretOrigins } from '#platform/secrets/origins.ts';
import { loadStateKey } from '#platform/secrets/state-key.ts';
import { isGitAddress } from '#platform/source/git-address.ts';
import { DESIRED_FOLDER } from './compose-source.ts';
import type { Config } from './config.ts';

export interface SecretPlace {
  readonly stateFolder: string;
  readonly simulated: boolean;
}
export interface ComposedSecrets {
  readonly reader: SecretReader;
  /** As releases and preflight ask. */
  readonly part: SecretsDep['secrets'];
  /** Null: the key was configured; else the file it lies in. */
  readonly keyFile: string | null;
}
export async function composeSecrets(config: Config, { stateFolder, simulated }: SecretPlace): Promise<ComposedSecrets> {
  const { key, file } = await loadStateKey(config.stateKey, stateFolder);
  const deadline = (span: number, within: AbortSignal): AbortSignal => AbortSignal.any([within, AbortSignal.timeout(span)]);
  const reader = makeSecretReader({
    clock: realClock,
    key,
    origins: makeSecretOrigins({ root: rootOf(config.source), process: config.variables, deadline }),
    cheapFor: seconds(config.pollS),
    dearFor: seconds(config.execS),
    standIn: simulated ? standIn : null,
  });
  return { reader, part: makeSecretsPart(reader), keyFile: file };
}
/** Where files beside git are looked for: the folder that holds the desired state; with a repository, where trimtab was started. */
function rootOf(source: string): string {
  if (isGitAddress(source)) return resolve('.');
  const path = resolve(source);
  return existsSync(join(path, DESIRED_FOLDER)) || basename(path) !== DESIRED_FOLDER ? path : dirname(path);
}
/** On the simulated platform nothing is at stake, and a tour must not begin with inventing passwords: what is not set gets a value that says
 *  what it is, and keeps the rule that is checked by text. */
const standIn = (name: string, { must }: SecretDeclaration): SecretValue =>
  new SecretValue(`simulated ${name} ${must?.contain ?? ''}`.trim());
