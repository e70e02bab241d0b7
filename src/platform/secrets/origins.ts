/** Every place secrets come from, by kind. A new one is a file, a key in `domain/desired-sources.ts`, and a line here. */
import type { SecretSource } from '#domain/desired-sources.ts';
import { Bug } from '#domain/result.ts';
import { kindOf, type SourceKind } from '#domain/secret-picture.ts';
import { makeDotenvOrigin } from './dotenv.ts';
import { makeEnvOrigin } from './env.ts';
import { type ExecDeps, makeExecOrigin } from './exec.ts';
import { makeFileOrigin } from './file.ts';
import { neonOrigin } from './neon.ts';
import type { Given, Origin, SecretScene } from './port.ts';
import { pushedOrigin } from './pushed.ts';
import { makeSopsOrigin } from './sops.ts';
import { valueOrigin } from './value.ts';

export interface SecretOrigins {
  read(name: string, source: SecretSource, scene: SecretScene, signal: AbortSignal): Given;
  cost(source: SecretSource): 'cheap' | 'dear';
}
export function makeSecretOrigins(deps: ExecDeps): SecretOrigins {
  const origins: { readonly [K in SourceKind]: Origin<K> } = {
    env: makeEnvOrigin(deps.process),
    file: makeFileOrigin(deps.root),
    dotenv: makeDotenvOrigin(deps.root),
    sops: makeSopsOrigin(deps.process),
    exec: makeExecOrigin(deps),
    value: valueOrigin,
    pushed: pushedOrigin,
    neon: neonOrigin,
  };
  const ask = <K extends SourceKind>(
    origin: Origin<K>,
    name: string,
    source: SecretSource,
    scene: SecretScene,
    signal: AbortSignal,
  ): Given => {
    const spec = source[origin.kind];
    if (spec === undefined || spec === null) throw new Bug('a source without its kind', { name, kind: origin.kind });
    return origin.read({ name, spec, scene }, signal);
  };
  return {
    // What came with a request is newer than what any source gives.
    read: (name, source, scene, signal) =>
      scene.given.has(name)
        ? ask(origins.pushed, name, { pushed: {} }, scene, signal)
        : ask(origins[kindOf(source)], name, source, scene, signal),
    cost: (source) => origins[kindOf(source)].cost,
  };
}
