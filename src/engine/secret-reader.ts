/** What the sources give, for the engine: fingerprints, kept for a while; values only for the moment of a write. Cheap sources are asked at
 *  every poll of the source, dear ones (a program, a request) less often, all of them again before anything is written. */
import type { SecretItem } from '#domain/change.ts';
import type { ClockDep } from '#domain/clock.ts';
import { defaultPrefix } from '#domain/desired-lookup.ts';
import type { SecretDeclaration, SecretSource } from '#domain/desired-sources.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledApp, CompiledEnvironment } from '#domain/revision.ts';
import { declaredNames, placeOf, type SecretReading } from '#domain/secret-picture.ts';
import { faultsOf } from '#domain/secret-rules.ts';
import type { SecretValue, StateKey } from '#domain/secret-value.ts';
import { elapsed, type Instant, type Ms } from '#domain/units.ts';
import type { SecretOrigins } from '#platform/secrets/origins.ts';
import type { Given, SecretScene } from '#platform/secrets/port.ts';
import { makeSeenValues, secretParts } from './seen-values.ts';

export interface SecretReaderDeps extends ClockDep {
  readonly origins: SecretOrigins;
  readonly key: StateKey;
  /** How old what a source gave may become. */
  readonly cheapFor: Ms;
  readonly dearFor: Ms;
  /** On the simulated platform, for what nobody set: a value that is none. Null: a real platform. */
  readonly standIn: ((name: string, declaration: SecretDeclaration) => SecretValue) | null;
}
export type Readings = ReadonlyMap<string, SecretReading>;
export interface SecretReader {
  readonly keyId: string;
  /** The environments of this process: bare variables count where it is one. */
  serves(environments: readonly string[]): void;
  /** `fresh`: ask again, whatever was asked before · `asked`: the same for somebody who may have brought values. Failures are part of the readings. */
  read(environment: CompiledEnvironment, app: CompiledApp, how: 'kept' | 'fresh' | 'asked', signal: AbortSignal): Promise<Readings>;
  /** True once for each new sight: what somebody else set is a reason to ask the sources again, its staying so is none. */
  isNews(environment: string, app: string, sight: string): boolean;
  /** For a write, or for a rollback to what was before. Fails with SECRET_MOVED when a source gives something else than the plan was made for. */
  values(
    environment: CompiledEnvironment,
    app: CompiledApp,
    items: readonly SecretItem[],
    keyId: string,
    signal: AbortSignal,
  ): Promise<Result<ReadonlyMap<string, SecretValue>, TrimtabError>>;
  /** Every value that must not be seen, to cross it out of what comes back from outside: what the sources give, and what they gave before. A
   *  source that gives none hides none. */
  hidden(environment: CompiledEnvironment, signal: AbortSignal): Promise<readonly SecretValue[]>;
  /** What the environment's database is reached with; null: its source gives none. */
  connection(environment: CompiledEnvironment, signal: AbortSignal): Given;
  /** What a source of the environment gives beside its apps; null: it gives none. */
  sourceOf(environment: CompiledEnvironment, name: string, source: SecretSource, signal: AbortSignal): Given;
  /** Values that came with a request: to who asks they stand for the sources until `forget`. A pass that comes between does not see them. */
  give(environment: string, app: string, values: ReadonlyMap<string, SecretValue>): void;
  forget(environment: string, app: string): void;
}
interface Kept {
  readonly declared: string;
  readonly readings: Map<string, SecretReading & { readonly at: Instant; readonly dear: boolean }>;
}
/** Values of one app read side by side; a manager's command line is not started a hundred times at once. */
const AT_A_TIME = 8;
const NONE: ReadonlyMap<string, SecretValue> = new Map();

export function makeSecretReader(deps: SecretReaderDeps): SecretReader {
  const kept = new Map<string, Kept>();
  const given = new Map<string, ReadonlyMap<string, SecretValue>>();
  const sights = new Map<string, string>();
  let served = 0;
  const idOf = (environment: string, app: string): string => `${environment}/${app}`;
  const sceneFor = (environment: CompiledEnvironment, app: CompiledApp): SecretScene => ({
    prefix: prefixOf(environment),
    bare: served === 1,
    files: app.sealed ?? {},
    given: NONE,
    round: new Map(),
  });
  const broughtTo = (environment: CompiledEnvironment, app: CompiledApp) => given.get(idOf(environment.name, app.app)) ?? NONE;
  const seen = makeSeenValues(deps.key);
  const ask = async (
    { name: environment }: Pick<CompiledEnvironment, 'name'>,
    name: string,
    declaration: SecretDeclaration,
    source: SecretSource,
    scene: SecretScene,
    signal: AbortSignal,
  ): Given => {
    const value = await deps.origins.read(name, source, scene, signal);
    // What came with a request is gone when it ends.
    if (value.ok && value.value !== null && source.value === undefined && source.pushed === undefined && !scene.given.has(name))
      seen.note(environment, name, value.value);
    const unset = value.ok && value.value === null && declaration.required !== false && source.env !== undefined;
    return unset && deps.standIn !== null ? ok(deps.standIn(name, declaration)) : value;
  };
  /** Null: none is declared, it gives nothing, or it cannot be read: then there is no way back, and that is all it means. */
  const previousOf = async (
    environment: CompiledEnvironment,
    name: string,
    declaration: SecretDeclaration,
    place: string,
    scene: SecretScene,
    signal: AbortSignal,
  ) => {
    if (declaration.previous === undefined) return null;
    const value = await ask(
      environment,
      name,
      { ...declaration, required: false },
      declaration.previous,
      { ...scene, given: NONE },
      signal,
    );
    return value.ok && value.value !== null && !value.value.isEmpty ? value.value.fingerprint(deps.key, place) : null;
  };
  const sourceOf: SecretReader['sourceOf'] = async (environment, name, source, signal) => {
    const files = Object.assign({}, ...environment.apps.map(({ sealed }) => sealed ?? {}), environment.declared?.sealed);
    const scene = { prefix: prefixOf(environment), bare: served === 1, files, given: NONE, round: new Map() };
    const value = await deps.origins.read(name, source, scene, signal);
    if (value.ok && value.value !== null) seen.note(environment.name, name, value.value);
    return value;
  };
  const connection: SecretReader['connection'] = (environment, signal) => {
    const source = environment.declared?.database?.url?.from;
    return source === undefined ? Promise.resolve(ok(null)) : sourceOf(environment, 'DATABASE_URL', source, signal);
  };
  const isYoung = (reading: { readonly at: Instant; readonly dear: boolean }): boolean =>
    elapsed(reading.at, deps.clock.now()) < (reading.dear ? deps.dearFor : deps.cheapFor);

  return {
    keyId: deps.key.id,
    serves: (environments) => {
      served = environments.length;
    },
    read: async (environment, app, how, signal) => {
      const id = idOf(environment.name, app.app);
      const declared = JSON.stringify([app.secrets ?? {}, app.sealed ?? {}]);
      const before = kept.get(id);
      const brought = how === 'asked' ? broughtTo(environment, app) : NONE;
      const mine: Kept = before?.declared === declared && brought.size === 0 ? before : { declared, readings: new Map() };
      // What was read of what somebody brought says nothing about the sources.
      if (brought.size === 0) kept.set(id, mine);
      const scene = { ...sceneFor(environment, app), given: brought };
      const due = declaredNames(app).filter((name) => {
        const reading = mine.readings.get(name);
        return how !== 'kept' || reading === undefined || !isYoung(reading);
      });
      for (let from = 0; from < due.length; from += AT_A_TIME)
        await Promise.all(
          due.slice(from, from + AT_A_TIME).map(async (name) => {
            const declaration = app.secrets?.[name];
            if (declaration === undefined) return;
            const value = await ask(environment, name, declaration, declaration.from, scene, signal);
            const place = placeOf(environment.name, app.app, name);
            const reading = readingOf(deps.key, place, name, declaration, value, scene.prefix);
            const previous = await previousOf(environment, name, declaration, place, scene, signal);
            mine.readings.set(name, {
              ...reading,
              ...(previous === null ? {} : { previous }),
              at: deps.clock.now(),
              dear: deps.origins.cost(declaration.from) === 'dear',
            });
          }),
        );
      return mine.readings;
    },
    isNews: (environment, app, sight) => {
      const id = idOf(environment, app);
      if ((sights.get(id) ?? '') === sight) return false;
      sights.set(id, sight);
      return sight !== '';
    },
    values: async (environment, app, items, keyId, signal) => {
      if (keyId !== deps.key.id) return err(failure('SECRET_MOVED', 'the state key changed since this was planned'));
      const scene = sceneFor(environment, app);
      const brought = { ...scene, given: broughtTo(environment, app) };
      const found = new Map<string, SecretValue>();
      for (const { name, fingerprint, from } of items) {
        const declaration = app.secrets?.[name];
        const source = sourceFor(declaration, from);
        const isMeant = (value: Awaited<Given>): boolean =>
          value.ok && value.value?.fingerprint(deps.key, placeOf(environment.name, app.app, name)) === fingerprint;
        const read = (of: SecretScene) =>
          source === null || declaration === undefined
            ? Promise.resolve(ok(null))
            : ask(environment, name, declaration, source, of, signal);
        // What it was planned for tells which is meant: the value that somebody brought, or the source's own.
        const first = from === 'previous' ? ok(null) : await read(brought);
        const value = isMeant(first) ? first : await read(scene);
        if (!value.ok) return err(failure(value.error.code, `${name}: ${value.error.message}`));
        if (value.value === null) return err(failure('SECRET_MOVED', `${name} is not given any more`));
        if (!isMeant(value)) return err(failure('SECRET_MOVED', `${name} is another value by now`));
        found.set(name, value.value);
      }
      return ok(found);
    },
    hidden: async (environment, signal) => {
      const found: SecretValue[] = [];
      for (const app of environment.apps) {
        const scene = sceneFor(environment, app);
        found.push(...broughtTo(environment, app).values());
        for (const [name, declaration] of Object.entries(app.excluded ? {} : (app.secrets ?? {}))) {
          if (declaration.from.value !== undefined) continue;
          const value = await ask(environment, name, declaration, declaration.from, scene, signal);
          if (value.ok && value.value !== null) found.push(...secretParts(name, value.value));
        }
      }
      await connection(environment, signal);
      return [...found, ...seen.of(environment.name)];
    },
    connection,
    sourceOf,
    give: (environment, app, values) => {
      given.set(idOf(environment, app), values);
    },
    forget: (environment, app) => {
      given.delete(idOf(environment, app));
    },
  };
}
export const prefixOf = ({ declared, name }: CompiledEnvironment): string => declared?.envPrefix ?? defaultPrefix(name);
const sourceFor = (declaration: SecretDeclaration | undefined, from: SecretItem['from']): SecretSource | null =>
  declaration === undefined ? null : from === 'previous' ? (declaration.previous ?? null) : declaration.from;
function readingOf(
  key: StateKey,
  place: string,
  name: string,
  declaration: SecretDeclaration,
  value: Awaited<Given>,
  prefix: string,
): SecretReading {
  if (!value.ok) return { fingerprint: null, faults: [{ ...value.error, message: `${name}: ${value.error.message}` }] };
  const faults = faultsOf(name, declaration, value.value, prefix);
  const usable = value.value !== null && !value.value.isEmpty && faults.length === 0;
  return { fingerprint: usable && value.value !== null ? value.value.fingerprint(key, place) : null, faults };
}
