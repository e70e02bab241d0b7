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
import type { IntentRow, Store } from '#platform/store/port.ts';
import type { AppStore, IntentStep, OpenIntent } from './ports.ts';

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

export function makeAppStore(store: Store): AppStore {
  return {
    takeApp: async (environment, app, atLeast, signal) => {
      const taken = await store.takeApp(environment, app, atLeast, signal);
      if (!taken.ok) return taken;
      const { generation, memory, status } = taken.value;
      const known = AppMemory.safeParse(memory);
      const seen = AppStatus.safeParse(status);
      // Memory that cannot be read is memory that was lost: it is rebuilt from stamps.
      const fresh = memory === null || !known.success;
      return ok({ generation, memory: known.success ? known.data : emptyMemory(), status: seen.success ? seen.data : null, fresh });
    },
    saveApp: (environment, app, { memory, status }, signal) =>
      store.saveApp(environment, app, toJson(memory), status === null ? null : toJson(status), signal),
    openIntent: async (intent, signal) => {
      const { id, key, environment, app, generation, step, at } = intent;
      return store.openIntent({ id, key, environment, app, generation, step: toJson(step), at }, signal);
    },
    openIntents: async (environment, app, signal) => {
      const rows = await store.openIntents(environment, app, signal);
      if (!rows.ok) return rows;
      const intents: OpenIntent[] = [];
      for (const row of rows.value) {
        const step = Step.safeParse(row.step);
        if (!step.success) return err(failure('STORE_FOREIGN', `the open intent ${row.id} of ${app} was written by another version`));
        intents.push(intentOf(row, step.data));
      }
      return ok(intents);
    },
    closeIntent: (id, end, note, at, signal) => store.closeIntent(id, end, note, at, signal),
    audit: (rows, signal) => (rows.length === 0 ? Promise.resolve(ok(undefined)) : store.appendAudit(rows, signal)),
  };
}
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
