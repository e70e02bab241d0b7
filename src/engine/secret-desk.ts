/** What people ask about secrets: how each is, and that what the sources give is written now. */

import type { ClockDep } from '#domain/clock.ts';
import type { SecretStatus } from '#domain/condition.ts';
import { remedyOf, type TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { SecretFault } from '#domain/secret-picture.ts';
import { declaredNames } from '#domain/secret-picture.ts';
import { isUnready, unknownNames } from '#domain/secret-plan.ts';
import { secretStatuses } from '#domain/secret-status.ts';
import type { SecretValue } from '#domain/secret-value.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { A_PASS, pictureOf } from './app-secrets.ts';
import type { Controller } from './controller.ts';
import { inKey } from './in-key.ts';
import { observeApp } from './observe.ts';
import { contextOf } from './pass.ts';
import type { PassDeps } from './pass-deps.ts';
import { prefixOf } from './secret-reader.ts';
import { writeSecrets } from './secret-write.ts';
import { type AppTarget, targetKey } from './target.ts';

export interface AppSecrets {
  readonly environment: string;
  /** metadata.name; the Fly app. */
  readonly name: string;
  readonly app: string;
  readonly secrets: readonly SecretStatus[];
  /** On the platform, declared by nobody. */
  readonly unknown: readonly string[];
  /** Variables of the asker's own process that may bring a value, by secret: the first that is set counts. */
  readonly variables: Readonly<Record<string, readonly string[]>>;
  /** Null: it was looked at. */
  readonly error: string | null;
}
export interface AppSynced {
  readonly environment: string;
  readonly name: string;
  readonly app: string;
  /** Names that were written now. */
  readonly written: readonly string[];
  /** Written by this, or before, and left to the next deploy. */
  readonly staged: readonly string[];
  /** All there is to put right; nothing was written anywhere then. */
  readonly problems: readonly SecretFault[];
  /** What waits, and for what. */
  readonly held: readonly string[];
  readonly error: string | null;
}
/** By Fly app, then by name. Held for the time of the request only. */
export type GivenValues = ReadonlyMap<string, ReadonlyMap<string, SecretValue>>;
export interface SyncWish {
  /** The machines are to run with it at once. */
  readonly apply: boolean;
  readonly by: string;
  readonly values: GivenValues;
}
type DeskDeps = StoreDep & ClockDep & { readonly controller: Controller };
const AT_A_TIME = 8;

export async function lookAtSecrets(deps: DeskDeps, targets: readonly AppTarget[], signal: AbortSignal): Promise<readonly AppSecrets[]> {
  const looks = await sideBySide(proposals(deps, targets), (target) => lookAtOne(deps, target, signal));
  return looks;
}
/** As git has it now, also while it waits for a person: a sync comes before the deploy that needs it. */
const proposals = ({ controller }: DeskDeps, targets: readonly AppTarget[]): readonly AppTarget[] =>
  targets
    .flatMap((target) => controller.environments.proposal(targetKey(target)) ?? [])
    .filter(({ app, gone }) => !gone && !app.excluded && app.secrets !== undefined);
async function sideBySide<T>(targets: readonly AppTarget[], run: (target: AppTarget) => Promise<T>): Promise<readonly T[]> {
  const done: T[] = [];
  for (let at = 0; at < targets.length; at += AT_A_TIME) done.push(...(await Promise.all(targets.slice(at, at + AT_A_TIME).map(run))));
  return done;
}
const placeOf = ({ environment, app }: AppTarget) => ({ environment: environment.name, name: app.name, app: app.app });
const errorText = (error: TrimtabError): string => `${error.message}: ${remedyOf(error)}`;

async function lookAtOne(deps: DeskDeps, target: AppTarget, signal: AbortSignal): Promise<AppSecrets> {
  const place = { ...placeOf(target), variables: variablesOf(target) };
  const looked = await deps.controller.inTurn(target, (passDeps) => contextNow(passDeps, target, signal));
  if (!looked.ok) return { ...place, secrets: [], unknown: [], error: errorText(looked.error) };
  return {
    ...place,
    secrets: secretStatuses(looked.value, prefixOf(target.environment)),
    unknown: unknownNames(looked.value),
    error: null,
  };
}
async function contextNow(
  deps: PassDeps,
  target: AppTarget,
  signal: AbortSignal,
): Promise<Result<ReturnType<typeof contextOf>, TrimtabError>> {
  const { environment, app } = target;
  const stored = await deps.store.readApp(environment.name, app.app, signal);
  if (!stored.ok) return stored;
  const observed = await observeApp(deps, app.app, environment.organization, stored.value.memory, signal);
  if (!observed.ok) return observed;
  const secrets = await pictureOf(deps, target, observed.value, { ...A_PASS, fresh: true, readOnly: true }, signal);
  if (!secrets.ok) return secrets;
  return ok(contextOf(deps, target, 0, { observed: observed.value, secrets: secrets.value, memory: stored.value.memory }));
}
/** Of what is pushed, and of what comes from variables: whoever asks may have them set where the controller has not. */
function variablesOf({ environment, app }: AppTarget): AppSecrets['variables'] {
  const prefix = prefixOf(environment);
  return Object.fromEntries(
    declaredNames(app).flatMap((name) => {
      const from = app.secrets?.[name]?.from;
      const variable = from?.pushed !== undefined ? name : from?.env;
      return variable === undefined ? [] : [[name, [`${prefix}${variable}`, variable]]];
    }),
  );
}

/** First everything is read and checked; where anything is missing or wrong, nothing is written to any app. */
export async function syncSecrets(
  deps: DeskDeps,
  targets: readonly AppTarget[],
  wish: SyncWish,
  signal: AbortSignal,
): Promise<readonly AppSynced[]> {
  const chosen = proposals(deps, targets);
  for (const { environment, app } of chosen) {
    const values = wish.values.get(app.app);
    if (values !== undefined) readerOf(deps).give(environment.name, app.app, values);
  }
  try {
    const checked = await sideBySide(chosen, (target) => check(deps, target, signal));
    if (checked.some(({ problems, error }) => problems.length > 0 || error !== null)) return checked;
    return await sideBySide(chosen, (target) => write(deps, target, wish, signal));
  } finally {
    for (const { environment, app } of chosen) readerOf(deps).forget(environment.name, app.app);
  }
}
const readerOf = ({ controller }: DeskDeps) => controller.secretReader;
const NOTHING_YET = { written: [], staged: [], problems: [], held: [], error: null } as const;

async function check(deps: DeskDeps, target: AppTarget, signal: AbortSignal): Promise<AppSynced> {
  const place = placeOf(target);
  const looked = await deps.controller.inTurn(target, (passDeps) => contextNow(passDeps, target, signal));
  if (!looked.ok) return { ...place, ...NOTHING_YET, error: errorText(looked.error) };
  const { secrets, observed, app } = looked.value;
  const faults = declaredNames(app).flatMap((name) => secrets.readings.get(name)?.faults ?? []);
  // An app that is yet to be made has none either.
  const lacking = isUnready({ app, secrets, observed: { ...observed, info: observed.info ?? NEW_APP(target) } }).filter(
    (name) => (secrets.readings.get(name)?.faults ?? []).length === 0,
  );
  const notPushed = lacking.map(
    (name): SecretFault => ({
      code: 'SECRET_MISSING',
      message: `${name} is not on the platform, and was not given`,
      remedy: `set ${variablesOf(target)[name]?.join(' or ') ?? name} where you run \`trimtab secrets sync\``,
    }),
  );
  return { ...place, ...NOTHING_YET, problems: [...faults, ...notPushed] };
}
const NEW_APP = ({ environment, app }: AppTarget) => ({
  name: app.app,
  organization: environment.organization,
  status: 'pending',
  network: '',
});

async function write(deps: DeskDeps, target: AppTarget, wish: SyncWish, signal: AbortSignal): Promise<AppSynced> {
  const place = placeOf(target);
  const turn = await inKey(
    { clock: deps.clock, within: deps.controller.within },
    targetKey(target),
    (within) =>
      deps.controller.inTurn(target, (passDeps, runtime) => writeSecrets(passDeps, target, runtime, { stage: !wish.apply }, within)),
    signal,
  );
  const done = turn.ok ? turn.value : turn;
  if (!done.ok) return { ...place, ...NOTHING_YET, error: errorText(done.error) };
  const { written, staged, held } = done.value;
  const { environment, app } = target;
  const what = wish.apply ? 'secrets sync --apply' : 'secrets sync';
  const row = {
    at: deps.clock.now(),
    actor: wish.by,
    environment: environment.name,
    app: app.app,
    what,
    from: null,
    to: written.join(', ') || 'nothing new',
  };
  const noted = await deps.store.appendAudit(
    [{ ...row, why: 'a person asked', result: held.length > 0 ? held.join('; ') : 'done' }],
    signal,
  );
  if (!noted.ok) return { ...place, ...NOTHING_YET, error: errorText(noted.error) };
  if (wish.apply) await deps.controller.wake([target], signal);
  return { ...place, written, staged, problems: [], held, error: null };
}
