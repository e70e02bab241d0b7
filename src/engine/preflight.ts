/** Everything that would keep a release from going through, found at once and each with a remedy. Writes nothing. */
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { AppName, EnvironmentName } from '#domain/ids.ts';
import type { Problem } from '#domain/problem.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { elapsed } from '#domain/units.ts';
import { migrationItems } from './preflight/migrations.ts';
import { failing, fine, type Part, type PreflightDeps, type Scene, warning } from './preflight/part.ts';
import { platformItems } from './preflight/platform.ts';
import { programItems } from './preflight/programs.ts';
import { secretItems } from './preflight/secrets.ts';
import { timingItems } from './preflight/timing.ts';
import { variableItems } from './preflight/variables.ts';
import type { PhaseItem, PhaseReport } from './release-ports.ts';

export interface PreflightInput {
  readonly name: EnvironmentName;
  /** What git says now; null: no revision of it was ever accepted. */
  readonly environment: CompiledEnvironment | null;
  /** Of the newest read of git. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** For a person: all apps, and what is only skipped or waited for counts. */
export function runPreflight(deps: PreflightDeps, input: PreflightInput, signal: AbortSignal): Promise<Result<PhaseReport, TrimtabError>> {
  const { environment } = input;
  const said = desiredItems(input);
  return environment === null ? Promise.resolve(ok({ items: said })) : look(deps, sceneOf(environment, null, true), said, signal);
}
/** The first phase of a release: the apps it changes; what it would wait for or skip is no reason to stop. */
export function releasePreflight(
  deps: PreflightDeps,
  { environment, apps }: { readonly environment: CompiledEnvironment; readonly apps: readonly AppName[] },
  signal: AbortSignal,
): Promise<Result<PhaseReport, TrimtabError>> {
  return look(deps, sceneOf(environment, apps, false), [], signal);
}
const sceneOf = (environment: CompiledEnvironment, only: readonly AppName[] | null, strict: boolean): Scene => ({
  environment,
  apps: environment.apps.filter(({ app, excluded, enabled }) => !excluded && enabled && (only === null || only.includes(app))),
  strict,
});

const PARTS: readonly Part[] = [
  (_deps, scene) => Promise.resolve(variableItems(scene)),
  secretItems,
  migrationItems,
  platformItems,
  (deps, scene) => Promise.resolve(timingItems(deps, scene)),
  programItems,
];
async function look(
  deps: PreflightDeps,
  scene: Scene,
  first: readonly PhaseItem[],
  signal: AbortSignal,
): Promise<Result<PhaseReport, TrimtabError>> {
  const found = await Promise.all(
    PARTS.map(async (part) => {
      const began = deps.clock.now();
      const items = await part(deps, scene, signal);
      const took = elapsed(began, deps.clock.now());
      // The time is that of the part, told once.
      return items.map((item, at) => (at === 0 ? { ...item, took } : item));
    }),
  );
  return signal.aborted ? err(failure('FLY_CANCELLED', 'preflight: cancelled')) : ok({ items: [...first, ...found.flat()] });
}

/** Files, fly.toml, names, references: what the compiler says. */
function desiredItems({ environment, problems, warnings }: PreflightInput): readonly PhaseItem[] {
  const told = [
    ...problems.map(({ file, line, message, remedy }) => failing(`${file}:${line}`, message, remedy)),
    ...warnings.map(({ file, line, message, remedy }) => warning(`${file}:${line}`, message, remedy)),
  ];
  const apps = environment?.apps.length ?? 0;
  return problems.length > 0 ? told : [...told, fine('desired state', `valid, with the fly.toml files of ${apps} apps`)];
}
