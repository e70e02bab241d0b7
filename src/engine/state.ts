/** The store as the engine uses it: rows parsed, memory and steps in the engine's own types. */
import { z } from 'zod';
import { CAUSES, KIND_NAMES } from '#domain/change.ts';
import { AppStatus } from '#domain/condition.ts';
import { failure } from '#domain/errors.ts';
import { appName, environmentName, intentId } from '#domain/ids.ts';
import type { Json } from '#domain/json.ts';
import { AppMemory, emptyMemory } from '#domain/memory.ts';
import { err, ok } from '#domain/result.ts';
import { instant } from '#domain/units.ts';
import type { AppRow, IntentRow, StatusRow, Store } from '#platform/store/port.ts';
import type { AppState, AppStore, IntentStep, OpenIntent, SavedStatus, Stored } from './ports.ts';

/** Written by ourselves a moment ago: a version of trimtab that cannot read it must not guess. */
const StepShape = z.looseObject({
  app: z.string(),
  subject: z.string(),
  intent: z.string(),
  cause: z.enum(CAUSES),
  why: z.string(),
  action: z.looseObject({ kind: z.enum(KIND_NAMES), verb: z.string() }),
});
const Step = z.custom<IntentStep>((value) => StepShape.safeParse(value).success, 'not a step');

/** `writer`: this process, so that others can tell its statuses from their own. */
export function makeAppStore(store: Store, writer: string): AppStore {
  const save: (...given: Parameters<Store['saveApp']>) => Stored<void> = async (environment, app, by, state, signal) => {
    const saved = await store.saveApp(environment, app, by, state, signal);
    if (!saved.ok) return saved;
    return saved.value === 'saved' ? ok(undefined) : err(failure('FLY_CANCELLED', `another writer took ${app} over`));
  };
  return {
    takeApp: async (environment, app, atLeast, signal) => {
      const taken = await store.takeApp(environment, app, atLeast, signal);
      return taken.ok ? ok(stateOf(taken.value)) : taken;
    },
    readApp: async (environment, app, signal) => {
      const read = await store.readApp(environment, app, signal);
      return read.ok ? ok(stateOf(read.value ?? { generation: 0, memory: null, status: null })) : read;
    },
    forgetApp: (environment, app, generation, signal) => store.forgetApp(environment, app, generation, signal),
    situation: async (environment, app, others, signal) => {
      const read = await store.situation(environment, app, others, signal);
      if (!read.ok) return read;
      const { statuses, ...situation } = read.value;
      const intents: OpenIntent[] = [];
      for (const row of situation.intents) {
        const step = Step.safeParse(row.step);
        if (!step.success) return err(failure('STORE_FOREIGN', `the open intent ${row.id} of ${app} was written by another version`));
        intents.push(intentOf(row, step.data));
      }
      return ok({ ...situation, intents, others: savedStatuses(statuses) });
    },
    saveApp: (environment, app, { generation, memory, status }, signal) =>
      save(environment, app, { writer, generation }, { memory: toJson(memory), status: status === null ? null : toJson(status) }, signal),
    saveStatus: (environment, app, generation, status, signal) =>
      save(environment, app, { writer, generation }, { memory: null, status: toJson(status) }, signal),
    openIntent: async (intent, signal) => {
      const { id, key, environment, app, generation, step, at } = intent;
      return store.openIntent({ id, key, environment, app, generation, step: toJson(step), at }, signal);
    },
    closeIntent: (id, end, note, at, signal) => store.closeIntent(id, end, note, at, signal),
    secrets: async (environment, app, signal) => {
      const rows = await store.secrets(environment, app, signal);
      if (!rows.ok) return rows;
      return ok(
        rows.value.map(({ since, setAt, ...row }) => ({ ...row, since: instant(since), setAt: setAt === null ? null : instant(setAt) })),
      );
    },
    saveSecrets: (environment, app, records, signal) =>
      records.length === 0 ? Promise.resolve(ok(undefined)) : store.saveSecrets(environment, app, records, signal),
    audit: (rows, signal) => (rows.length === 0 ? Promise.resolve(ok(undefined)) : store.appendAudit(rows, signal)),
  };
}
function stateOf({ generation, memory, status }: AppRow): AppState {
  const known = AppMemory.safeParse(memory);
  const seen = AppStatus.safeParse(status);
  // Memory that cannot be read is memory that was lost: it is rebuilt from stamps.
  const fresh = memory === null || !known.success;
  return { generation, memory: known.success ? known.data : emptyMemory(), status: seen.success ? seen.data : null, fresh };
}
/** What another version wrote and this one cannot read is not told. */
export const savedStatuses = (rows: readonly StatusRow[]): readonly SavedStatus[] =>
  rows.flatMap(({ environment, app, generation, status }) => {
    const parsed = AppStatus.safeParse(status);
    return parsed.success ? [{ environment: environmentName(environment), app: appName(app), generation, status: parsed.data }] : [];
  });
const intentOf = (row: IntentRow, step: IntentStep): OpenIntent => ({
  id: intentId(row.id),
  key: row.key,
  environment: environmentName(row.environment),
  app: appName(row.app),
  generation: row.generation,
  step,
  openedAt: instant(row.at),
});
/** Plain JSON: absent keys are left out. */
const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));
