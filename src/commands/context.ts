/** What commands need beside an operator: the adapters, put together for the duration of one command. */

import { access, constants, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { CliContext, ExitCode, Opened } from '#cli/context.ts';
import { sayError } from '#cli/context.ts';
import { type Finding, sayFindings } from '#cli/doctor.ts';
import { makeRemoteOperator } from '#cli/remote.ts';
import { sayValidated } from '#cli/validate.ts';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { seconds } from '#domain/units.ts';
import { readDesired } from '#engine/desired.ts';
import { convergeOnce, lookAt } from '#engine/once.ts';
import { realClock } from '#platform/clock.ts';
import { readOutside } from '#platform/source/outside.ts';
import { readHolder } from '#platform/store/lock.ts';
import { embedSimulator, openPlatform, openSession, stateFolder } from '#src/compose.ts';
import { sourcesOf } from '#src/compose-source.ts';
import type { Config } from '#src/config.ts';
import { serve, serveOnce } from '#src/serve.ts';
import { forgetful, holdForWrites, isStateless, NOTICE, type StatelessOptions } from '#src/stateless.ts';
import { targetFindings } from './doctor-targets.ts';

export interface ContextOptions {
  readonly version: string;
  readonly json: boolean;
  readonly signal: AbortSignal;
}
export function makeContext(config: Config, { version, json, signal }: ContextOptions): CliContext {
  return {
    clock: realClock,
    signal,
    user: userInfo().username,
    terminal: process.stdout.isTTY === true,
    json,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    open: (only = null, unlocked = false) =>
      openOperator(config, version, only, { unlocked, say: (text) => void process.stderr.write(text) }, signal),
  };
}
/** The running controller first; only when there is none does the command become the engine for its duration. */
async function openOperator(
  config: Config,
  version: string,
  only: string | null,
  ways: StatelessOptions,
  signal: AbortSignal,
): Promise<Result<Opened, TrimtabError>> {
  const server = config.server ?? (await runningController(config));
  if (server !== null) {
    const operator = makeRemoteOperator({ ...server, fetch: (request) => fetch(request), variables: config.variables, only });
    return ok({ operator, server: server.url, converge: null, look: null, exclusive: null, close: () => Promise.resolve() });
  }
  const stateless = isStateless(config, stateFolder(config)) ? { stateless: ways } : {};
  const session = await openSession({ config, version, tell: () => undefined, only, ...stateless }, signal);
  if (!session.ok) return session;
  const { controller, notices, locks } = session.value;
  const operator = locks === null ? session.value.operator : forgetful(session.value.operator);
  const close = async (): Promise<void> => {
    await controller.keepBooks(signal);
    await session.value.close();
  };
  const read = await controller.readSource(signal, 'anew');
  if (!read.ok) {
    await session.value.close();
    return read;
  }
  if (locks !== null) ways.say(NOTICE);
  // Halts and approvals of the commands before this one.
  await controller.keepBooks(signal);
  return ok({
    operator,
    server: null,
    look: (selection, within) => lookAt(controller, selection, within),
    converge: async (only, limitS, within) => {
      const held = locks === null ? ok(undefined) : await holdForWrites({ operator, controller, locks }, only, within);
      if (!held.ok) {
        ways.say(`error: ${held.error.message}\n  ${held.error.code}: ${remedyOf(held.error)}\n`);
        return 'failed';
      }
      // Without a controller nobody else tells people what this command did; without state nobody knows what they were told.
      if (locks === null) await notices.look(within);
      const result = await convergeOnce(controller, { clock: realClock }, seconds(limitS), only, within);
      if (locks === null) await notices.step(within);
      return result;
    },
    exclusive: locks === null ? null : locks.hold,
    close,
  });
}
async function runningController(config: Config): Promise<{ readonly url: string; readonly token: string } | null> {
  const holder = await readHolder(stateFolder(config));
  if (holder?.address === null || holder === null) return null;
  try {
    // The file outlives a killed process: ask before believing it.
    const alive = await fetch(`${holder.address}/healthz`, { signal: AbortSignal.timeout(1_000) });
    return alive.ok ? { url: holder.address, token: holder.token } : null;
  } catch {
    return null;
  }
}

export interface RunOptions {
  readonly once: boolean;
  readonly only: string | null;
  readonly limitS: number;
}
export async function runController(
  context: CliContext,
  config: Config,
  version: string,
  { once, only, limitS }: RunOptions,
): Promise<ExitCode> {
  const options = { config, version, only, terminal: context.terminal, say: context.err };
  if (!once) {
    const ended = await serve(options, context.signal);
    return ended.ok ? 0 : sayError(context, ended.error);
  }
  const round = await serveOnce(options, limitS, context.signal);
  if (!round.ok) return sayError(context, round.error);
  return round.value === 'synced' ? 0 : round.value === 'held' ? 2 : 1;
}

export async function validate(context: CliContext, config: Config): Promise<ExitCode> {
  const source = sourcesOf(config);
  if (!source.ok) return sayError(context, source.error);
  const read = await readDesired(
    {
      source: source.value.source,
      folder: source.value.folder,
      own: source.value.own,
      flyFor: null,
      readOutside,
      process: config.variables,
      previous: () => null,
      keepsLookups: false,
    },
    context.signal,
  );
  if (!read.ok) return sayError(context, read.error);
  return sayValidated(
    context,
    read.value.map(({ name, compiled }) =>
      compiled.ok
        ? { name, apps: compiled.value.document.apps.length, revision: compiled.value.id, problems: [], warnings: compiled.value.warnings }
        : { name, apps: 0, revision: null, problems: compiled.error.problems, warnings: compiled.error.warnings },
    ),
  );
}

export async function runSimulator(context: CliContext, config: Config): Promise<ExitCode> {
  const simulator = await embedSimulator(config);
  if (!simulator.ok) return sayError(context, simulator.error);
  const { apiUrl, edgeUrl, close } = simulator.value;
  context.out(
    `simulated platform ${apiUrl}   its edge ${edgeUrl}\n\nFor the platform's own CLI:\n  export FLY_API_BASE_URL=${apiUrl} FLY_FLAPS_BASE_URL=${apiUrl} FLY_UIEX_BASE_URL=${apiUrl} FLY_ACCESS_TOKEN=simulated\n`,
  );
  await new Promise<void>((done) => {
    if (context.signal.aborted) done();
    context.signal.addEventListener('abort', () => done(), { once: true });
  });
  await close();
  return 0;
}

export async function doctor(context: CliContext, config: Config): Promise<ExitCode> {
  const findings: Finding[] = [
    { what: 'runtime', state: 'ok', found: `Node.js ${process.versions.node}`, remedy: null },
    await folderFinding(config),
    await sourceFinding(config, context.signal),
    await platformFinding(config, context.signal),
    stateKeyFinding(config),
    ...(await targetFindings(config, context.signal)),
  ];
  const server = config.server ?? (await runningController(config));
  const found = server === null ? 'none runs; commands work by themselves' : `runs at ${server.url}`;
  return sayFindings(context, [...findings, { what: 'controller', state: 'ok', found, remedy: null }]);
}
/** On the simulated platform nothing hangs on it. */
function stateKeyFinding({ stateKey, flyToken, dataDir }: Config): Finding {
  const what = 'state key';
  if (stateKey !== null) return { what, state: 'ok', found: 'TRIMTAB_STATE_KEY is set', remedy: null };
  const found = `TRIMTAB_STATE_KEY is not set: one of this machine in ${dataDir}`;
  const remedy =
    'set it where the folder does not last, or several controllers share a database: with another key a changed secret is not noticed';
  return flyToken === null ? { what, state: 'ok', found, remedy: null } : { what, state: 'warning', found, remedy };
}
async function folderFinding(config: Config): Promise<Finding> {
  const what = 'data folder';
  try {
    await mkdir(config.dataDir, { recursive: true });
    await access(config.dataDir, constants.W_OK);
    return { what, state: 'ok', found: `${config.dataDir} can be written`, remedy: null };
  } catch (thrown) {
    const found = thrown instanceof Error ? thrown.message : String(thrown);
    return { what, state: 'error', found, remedy: 'set TRIMTAB_DATA_DIR to a folder that this user may write' };
  }
}
async function sourceFinding(config: Config, signal: AbortSignal): Promise<Finding> {
  const what = 'desired state';
  const source = sourcesOf(config);
  const read = source.ok ? await source.value.source.read(signal) : source;
  if (!read.ok) return { what, state: 'error', found: read.error.message, remedy: remedyOf(read.error) };
  return { what, state: 'ok', found: `${read.value.files.size} YAML files in ${config.source}`, remedy: null };
}
async function platformFinding(config: Config, signal: AbortSignal): Promise<Finding> {
  const what = 'platform';
  if (config.flyToken === null)
    return {
      what,
      state: 'warning',
      found: 'no FLY_API_TOKEN: the embedded simulator',
      remedy: 'set FLY_API_TOKEN to work with a real organization',
    };
  const platform = await openPlatform(config);
  if (!platform.ok) return { what, state: 'error', found: platform.error.message, remedy: remedyOf(platform.error) };
  const { fly } = platform.value;
  const token = await fly.currentToken(signal);
  if (!token.ok) return { what, state: 'error', found: token.error.message, remedy: remedyOf(token.error) };
  const { organizations, apps } = token.value;
  const reach = apps === null ? `organization ${organizations.join(', ')}` : `apps ${apps.join(', ')}`;
  return { what, state: 'ok', found: `${config.flapsBaseUrl} takes the token; it reaches ${reach}`, remedy: null };
}
