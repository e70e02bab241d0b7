/** Looks at every environment that has somebody to tell, and writes what is new into the outbox together with the memory that it was told. Level by
 *  level: what a crash cut off is found again by the next look, and gets the same ids. */
import { isDeepStrictEqual } from 'node:util';
import type { ClockDep } from '#domain/clock.ts';
import { namedTargets, wants } from '#domain/desired-notify.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { Event } from '#domain/events.ts';
import { isJsonObject, type Json } from '#domain/json.ts';
import { auditFrom } from '#domain/notices/drift.ts';
import { judgeScene } from '#domain/notices/judge.ts';
import type { Heard, Scene } from '#domain/notices/scene.ts';
import { Told } from '#domain/notices/told.ts';
import type { Notice } from '#domain/notices/words.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { minutes } from '#domain/units.ts';
import type { NoticeRow, ToldRow } from '#platform/store/outbox-port.ts';
import type { StoreDep } from '#platform/store/port.ts';
import { targetId } from './delivery.ts';

export interface LookDeps extends StoreDep, ClockDep {
  readonly environments: () => readonly CompiledEnvironment[];
  /** What is seen of one environment; `told`: what is known of it already. */
  readonly sceneOf: (
    environment: CompiledEnvironment,
    told: Told | null,
    heard: Heard,
    signal: AbortSignal,
  ) => Promise<Result<Scene, TrimtabError>>;
}
export interface NoticeLook {
  /** Events that nobody else keeps. */
  hear(event: Event): void;
  step(signal: AbortSignal): Promise<Result<void, TrimtabError>>;
}
/** Longer than an accepted revision may take to be live. */
export const LATE_AFTER = minutes(5);
/** News that is older when it is first seen is none. */
const NEWS_FOR = minutes(24 * 60);
const SILENCE: Heard = { guard: [], synced: [] };

export function makeNoticeLook(deps: LookDeps): NoticeLook {
  const heard = new Map<string, Heard>();
  const known = new Map<string, ToldRow>();
  const lookAt = async (environment: CompiledEnvironment, signal: AbortSignal): Promise<Result<void, TrimtabError>> => {
    const { name } = environment;
    const stored = known.has(name) ? ok(known.get(name) ?? null) : await deps.store.told(name, signal);
    if (!stored.ok) return stored;
    const before = readTold(stored.value?.memory ?? null);
    const mine = heard.get(name) ?? SILENCE;
    const scene = await deps.sceneOf(environment, before, mine, signal);
    if (!scene.ok) return scene;
    const { told, notices } = judgeScene(scene.value, before);
    const rows = rowsOf(environment, notices, scene.value.now);
    const memory = toJson(told);
    if (rows.length === 0 && before !== null && isDeepStrictEqual(memory, toJson(before))) {
      forget(name, mine);
      return ok(undefined);
    }
    const saved = await deps.store.saveTold(name, memory, stored.value?.version ?? 0, rows, signal);
    if (!saved.ok) return saved;
    // Somebody else looked meanwhile: what they left is read at the next look, and what was heard here is kept until then.
    if (saved.value === null) known.delete(name);
    else {
      known.set(name, { version: saved.value, memory });
      forget(name, mine);
    }
    return ok(undefined);
  };
  const forget = (name: string, used: Heard): void => {
    const now = heard.get(name) ?? SILENCE;
    heard.set(name, { guard: now.guard.slice(used.guard.length), synced: now.synced.slice(used.synced.length) });
  };
  return {
    hear: (event) => {
      const at = deps.clock.now();
      if (event.type !== 'GuardRefused' && event.type !== 'EnvironmentSynced') return;
      const mine = heard.get(event.environment) ?? SILENCE;
      if (event.type === 'GuardRefused') {
        const { rule, app, message } = event;
        heard.set(event.environment, { ...mine, guard: [...mine.guard, { rule, app, message, at }].slice(-MOST_HEARD) });
      } else heard.set(event.environment, { ...mine, synced: [...mine.synced, { at, late: event.took > LATE_AFTER }].slice(-MOST_HEARD) });
    },
    step: async (signal) => {
      for (const environment of deps.environments()) {
        if ((environment.declared?.notify ?? []).length === 0) continue;
        const looked = await lookAt(environment, signal);
        if (!looked.ok) return looked;
      }
      return ok(undefined);
    },
  };
}
/** Of an environment where nobody is to be told, nothing is looked at: its news end somewhere. */
const MOST_HEARD = 100;

function rowsOf(environment: CompiledEnvironment, notices: readonly Notice[], now: Scene['now']): readonly NoticeRow[] {
  const targets = namedTargets(environment.declared?.notify ?? []);
  return notices
    .filter(({ at }) => now - at < NEWS_FOR)
    .flatMap((notice) =>
      targets
        .filter((target) => wants(target, notice.occasion) && (target.target.github === undefined || notice.release?.commit != null))
        .map(({ name }) => ({
          id: notice.id,
          target: targetId(environment.name, name),
          environment: environment.name,
          thread: notice.thread,
          notice: toJson(notice),
          at: now,
        })),
    );
}
/** What an older build wrote in other words is as if nothing had been told. */
function readTold(memory: Json): Told | null {
  const parsed = Told.safeParse(memory);
  return parsed.success ? parsed.data : null;
}
const toJson = (value: unknown): Json => {
  const json: unknown = JSON.parse(JSON.stringify(value));
  return isJsonObject(json) ? json : null;
};
/** From where the audit is asked for; null: from its end. */
export const auditCursor = (told: Told | null): number | null => (told === null ? null : auditFrom(told));
