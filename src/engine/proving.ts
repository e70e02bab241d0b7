/** What a person asks of an environment before and after a release: preflight and smoke, for one environment or for all. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { checksOf } from '#domain/smoke.ts';
import type { Environments, EnvironmentView } from './environments.ts';
import type { Answer } from './operator.ts';
import type { PreflightInput } from './preflight.ts';
import type { PhaseItem, PhaseReport } from './release-ports.ts';
import type { SmokeInput, SmokeReport } from './smoke.ts';

/** One environment's table. Attempts are told of smoke checks only. */
export interface EnvironmentReport {
  readonly environment: string;
  /** Id of the revision it was asked for; null: none was accepted yet. */
  readonly revision: string | null;
  readonly items: readonly (PhaseItem & { readonly attempts?: number })[];
}
export interface Proving {
  /** Everything at once that would keep a release of what git says now from going through. Null: all environments. */
  preflight(environment: string | null, signal: AbortSignal): Answer<readonly EnvironmentReport[]>;
  /** Asks the checks now. `only`: by name; null: all of them. */
  smoke(environment: string | null, only: readonly string[] | null, signal: AbortSignal): Answer<readonly EnvironmentReport[]>;
}
export interface ProvingDeps {
  readonly environments: () => Pick<Environments, 'views'>;
  readonly runSmoke: (input: SmokeInput, signal: AbortSignal) => Promise<Result<SmokeReport, TrimtabError>>;
  readonly runPreflight: (input: PreflightInput, signal: AbortSignal) => Promise<Result<PhaseReport, TrimtabError>>;
}

export function makeProving(deps: ProvingDeps): Proving {
  const chosen = (name: string | null): readonly EnvironmentView[] =>
    deps
      .environments()
      .views()
      .filter((view) => name === null || view.name === name);
  return {
    preflight: (name, signal) =>
      eachOf(chosen(name), ({ name: environment, state, problems, warnings }) =>
        deps.runPreflight({ name: environment, environment: state?.accepted.document ?? null, problems, warnings }, signal),
      ),
    smoke: async (name, only, signal) => {
      const views = chosen(name);
      const unknown = unknownChecks(views, only ?? []);
      if (unknown !== null) return err(unknown);
      return eachOf(views, async ({ name: environment, state }) => {
        const document = state?.accepted.document ?? null;
        if (document === null) return err(failure('DESIRED_INVALID', `${environment} has no revision: \`trimtab validate\` says why`));
        return deps.runSmoke({ environment: document, ...(only === null ? {} : { only }) }, signal);
      });
    },
  };
}
/** One after the other: what is measured is the system, not its neighbour's load. */
async function eachOf(
  views: readonly EnvironmentView[],
  run: (view: EnvironmentView) => Promise<Result<PhaseReport, TrimtabError>>,
): Promise<Result<readonly EnvironmentReport[], TrimtabError>> {
  const reports: EnvironmentReport[] = [];
  for (const view of views) {
    const done = await run(view);
    if (!done.ok) return done;
    reports.push({ environment: view.name, revision: view.state?.accepted.id ?? null, items: done.value.items });
  }
  return ok(reports);
}
function unknownChecks(views: readonly EnvironmentView[], only: readonly string[]): TrimtabError | null {
  const known = new Set(views.flatMap(({ state }) => namesIn(state?.accepted.document ?? null)));
  const unknown = only.filter((name) => !known.has(name));
  if (unknown.length === 0) return null;
  return failure('DESIRED_INVALID', `no check is named ${unknown.join(', ')}; known: ${[...known].sort().join(', ') || 'none'}`);
}
const namesIn = (environment: CompiledEnvironment | null): readonly string[] =>
  environment === null ? [] : checksOf(environment).map(({ name }) => name);
