/** Reads the source, and lets the environments take what is new. One read at a time: a poll, a person and a webhook may ask at once. */

import type { ClockDep } from '#domain/clock.ts';
import type { ImageToResolve } from '#domain/compile-image.ts';
import type { Lookups } from '#domain/desired-lookup.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import type { TellDep } from '#domain/events.ts';
import { environmentName } from '#domain/ids.ts';
import { provedIn } from '#domain/pins.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { elapsed, type Ms } from '#domain/units.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import type { DesiredSourceDep } from '#platform/source/port.ts';
import { type OwnSource, type ReadDesiredDeps, type ReadEnvironment, readDesired } from './desired.ts';
import type { Environments } from './environments.ts';
import { type ImageRetries, makeImageRetries } from './images.ts';
import type { ReadOutside } from './outside.ts';
import type { SourceMemory } from './unchanged-source.ts';

export interface SourceReaderDeps extends DesiredSourceDep, TellDep, ClockDep {
  readonly environments: Environments;
  readonly flyFor: (environment: CompiledEnvironment) => Result<FlyClient, TrimtabError>;
  readonly desiredFolder: string;
  readonly ownSources?: ReadonlyMap<string, OwnSource>;
  readonly process: Readonly<Record<string, string | undefined>>;
  readonly readOutside?: ReadOutside | undefined;
  /** Only this environment; null: all. */
  readonly only: string | null;
  /** Automatic revisions of this environment come at most once in this span; null: as they come. */
  readonly throttle: (environment: string) => Ms | null;
}
/** The keys of apps whose target moved. */
export type SourceReader = (signal: AbortSignal, lookups: Lookups) => Promise<Result<readonly string[], TrimtabError>>;

/** Whoever asks while a read is under way gets the next one: what he asks about may have come after the other began. */
export function makeSourceReader(deps: SourceReaderDeps): SourceReader {
  let last: Promise<unknown> = Promise.resolve();
  const memory: SourceMemory = new Map();
  const retries = makeImageRetries(deps, (name, image) => isYetToCome(deps.environments, name, image));
  const next = new Map<Lookups, ReturnType<SourceReader>>();
  return (signal, lookups) => {
    const joined = next.get(lookups);
    if (joined !== undefined) return joined;
    const mine = last.then(() => {
      next.delete(lookups);
      return readNow({ ...deps, memory, retries }, signal, lookups);
    });
    next.set(lookups, mine);
    last = mine.catch(() => undefined);
    return mine;
  };
}
async function readNow(
  deps: SourceReaderDeps & { readonly memory: SourceMemory; readonly retries: ImageRetries },
  signal: AbortSignal,
  lookups: Lookups,
): ReturnType<SourceReader> {
  const { environments, tell, source, flyFor, process, memory, retries } = deps;
  const { previous, compiledFrom: known } = environments;
  const own = deps.ownSources ?? new Map<string, OwnSource>();
  const { desiredFolder: folder, only, readOutside } = deps;
  const unopened: TrimtabError[] = [];
  const open: ReadDesiredDeps['open'] = async (name, within) => {
    if (deps.only !== null && name !== deps.only) return ok(undefined);
    const opened = await environments.open(name, within);
    if (!opened.ok) unopened.push(opened.error);
    return opened;
  };
  const asked = { keepsLookups: lookups !== 'anew', told: typeof lookups === 'string' ? {} : lookups };
  const read = await readDesired(
    { source, flyFor, folder, own, only, process, open, previous, known, ...asked, memory, retries, readOutside },
    signal,
  );
  // The store is away: that is told by itself, and says nothing of the source.
  const [away] = unopened;
  if (away !== undefined) return err(away);
  if (!read.ok) {
    tell({ type: 'SourceFailed', code: read.error.code, message: read.error.message });
    environments.noteUnreadable(read.error);
    return read;
  }
  for (const { name, rewritten, commit } of read.value)
    if (rewritten) tell({ type: 'SourceRewritten', environment: environmentName(name), commit: commit?.sha ?? null });
  const wanted = read.value.filter(({ name }) => deps.only === null || name === deps.only);
  if (wanted.length === 0) {
    const known = read.value.map(({ name }) => name).join(', ');
    return err(failure('SOURCE_EMPTY', `there is no environment ${deps.only ?? ''} in ${source.description}; known: ${known}`));
  }
  return environments.take(
    wanted.filter((one) => !waits(deps, one)),
    signal,
  );
}
/** Nothing was made of this text so far, and nothing is being made of it. */
function isYetToCome(environments: Environments, name: string, { app, reference }: ImageToResolve): boolean {
  const state = environments.view(name)?.state ?? null;
  if (state === null || (state.book.active !== null && state.book.active.openedAt !== null)) return false;
  return provedIn(state.good?.document ?? null, app)?.image?.reference !== reference;
}
/** Commits are taken together, the newest of them, when the span is over. What a person lets through anyway does not wait here. */
function waits({ environments, throttle, clock }: SourceReaderDeps, { name, compiled }: ReadEnvironment): boolean {
  const span = throttle(name);
  const view = environments.views().find((one) => one.name === name);
  if (span === null || view === undefined || view.state === null || !compiled.ok) return false;
  const isNew = compiled.value.id !== view.state.accepted.id && compiled.value.document.sync.mode === 'automatic';
  return isNew && elapsed(environments.acceptedAt(name), clock.now()) < span;
}
