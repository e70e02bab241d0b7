/** What was told of an environment already, and what is being watched: written in one statement with the messages that come of it, so that a crash
 *  leaves both or neither. Nothing in it that could not be found again by looking. */
import { z } from 'zod';

const at = z.number().int();
const Batch = z.object({
  /** When its first line came; null: nothing waits. */
  since: at.nullable(),
  seen: z.array(z.string()),
  ended: z.array(z.string()),
  thread: z.string(),
  touchedAt: at,
  toldAt: at.nullable(),
});
export type DriftBatch = z.infer<typeof Batch>;
const Subject = z.object({ since: at, toldAt: at.nullable(), clearSince: at.nullable() });
export type WatchedSubject = z.infer<typeof Subject>;
/** One alert of one environment: what it is about comes and goes, the incident is one. */
const Incident = z.object({ since: at, subjects: z.record(z.string(), Subject) });
export type Incident = z.infer<typeof Incident>;

export const Told = z.object({
  /** When it was first looked at: what happened before is nobody's news. */
  since: at,
  release: z.object({ upTo: z.number().int(), stages: z.array(z.string()) }),
  /** By number of row; `recent`: those near the end, because a row may become visible after a later one. */
  audit: z.object({ upTo: z.number().int(), recent: z.array(z.number().int()) }),
  drift: z.record(z.string(), Batch).default({}),
  incidents: z.record(z.string(), Incident).default({}),
  /** Budget → the crossing that was told last. */
  budgets: z.record(z.string(), z.string()).default({}),
  guard: z.record(z.string(), z.object({ at, app: z.string(), message: z.string() })).default({}),
  /** Revisions that went live, and whether that took too long. */
  synced: z.array(z.object({ at, late: z.boolean() })).default([]),
  week: z.string().nullable().default(null),
  leaks: z.array(z.string()).default([]),
});
export type Told = z.infer<typeof Told>;
