/** Adapters of preflight and smoke, put together: what a release and a person ask through. */
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { TrimtabError } from '#domain/errors.ts';
import type { EnvironmentName } from '#domain/ids.ts';
import type { Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { elapsed, type Instant, seconds } from '#domain/units.ts';
import type { PreflightDeps } from '#engine/preflight/part.ts';
import { releasePreflight, runPreflight } from '#engine/preflight.ts';
import type { ProvingDeps } from '#engine/proving.ts';
import type { ReleaseParts } from '#engine/release-ports.ts';
import type { SecretReader } from '#engine/secret-reader.ts';
import { releaseSmoke, runSmoke, type SmokeDeps } from '#engine/smoke.ts';
import { makeEdgeHttp } from '#platform/checks/http-edge.ts';
import { makeNodeHttp } from '#platform/checks/http-node.ts';
import { makeProber, type ProberDeps } from '#platform/checks/prober.ts';
import { realClock } from '#platform/clock.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { Config } from './config.ts';

export interface ProofOptions {
  readonly config: Config;
  readonly version: string;
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  /** Null: a real platform. */
  readonly edgeUrl: string | null;
  readonly halted: (environment: EnvironmentName) => string | null;
  readonly reader: SecretReader;
  readonly migrations: PreflightDeps['migrations'];
}
export interface Proofs {
  readonly parts: Pick<ReleaseParts, 'preflight' | 'smoke'>;
  readonly proving: Pick<ProvingDeps, 'runSmoke' | 'runPreflight'>;
}

export function makeProofs(options: ProofOptions): Proofs {
  const { flyFor, halted, reader, migrations } = options;
  const deadline = (span: number, within: AbortSignal): AbortSignal => AbortSignal.any([within, AbortSignal.timeout(span)]);
  const smoke: SmokeDeps = { clock: realClock, prober: makeProber(proberDeps(options)), deadline };
  const search = (options.config.variables['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const preflight: PreflightDeps = {
    clock: realClock,
    flyFor,
    secrets: reader,
    migrations,
    halted,
    hasProgram: (name) => hasProgram(search, name),
  };
  return {
    parts: {
      preflight: (input, signal) => releasePreflight(preflight, input, signal),
      smoke: (input, signal) => releaseSmoke(smoke, input, signal),
    },
    proving: {
      runPreflight: (input, signal) => runPreflight(preflight, input, signal),
      runSmoke: (input, signal) => runSmoke(smoke, input, signal),
    },
  };
}
function proberDeps({ version, flyFor, edgeUrl, reader }: ProofOptions): ProberDeps {
  const userAgent = `trimtab/${version}`;
  const others = makeNodeHttp({ userAgent });
  const http = edgeUrl === null ? others : makeEdgeHttp({ edge: makeNodeHttp({ userAgent, through: new URL(edgeUrl) }), others });
  return {
    clock: realClock,
    http,
    flyFor,
    databaseUrl: reader.connection,
    redact: makeRedactor(reader),
  };
}
async function hasProgram(search: readonly string[], name: string): Promise<boolean> {
  for (const path of isAbsolute(name) ? [name] : search.map((folder) => join(folder, name))) {
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return true;
  }
  return false;
}

/** Sources are asked once for so long: a table of checks is one moment. */
const HIDDEN_FOR = seconds(60);
/** Not the deadline of one check: what it cut off would be missing for the others. */
const SOURCES_WITHIN = seconds(20);
/** Crosses out every secret that the sources give, wherever it came back from. */
function makeRedactor(reader: Pick<SecretReader, 'hidden'>): ProberDeps['redact'] {
  const known = new WeakMap<CompiledEnvironment, { readonly at: Instant; readonly values: ReturnType<SecretReader['hidden']> }>();
  return async (texts, environment) => {
    const before = known.get(environment);
    const now = realClock.now();
    const fresh =
      before !== undefined && elapsed(before.at, now) < HIDDEN_FOR
        ? before
        : { at: now, values: reader.hidden(environment, AbortSignal.timeout(SOURCES_WITHIN)) };
    known.set(environment, fresh);
    const values = await fresh.values;
    return texts.map((text) => values.reduce((left, value) => value.crossOut(left), text));
  };
}
