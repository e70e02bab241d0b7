/** Drift, from the rows that the audit has of it: lines that come together are one message, and what follows on the same app within the hour
 *  belongs to the same thread. Pure. */
import { minutes, seconds } from '#domain/units.ts';
import type { AuditFact, Scene } from './scene.ts';
import type { DriftBatch, Told } from './told.ts';
import { aNotice, fewLines, type Notice } from './words.ts';

/** Fields that one hand changed are seen within this. */
const GATHERS = seconds(10);
/** Two sides that pull at one field are not told of at every pull. */
const AT_MOST_EVERY = minutes(5);
const SAME_INCIDENT = minutes(60);
/** Rows that may become visible after a later one: two controllers write at once. */
const RECENT = 200;
const MOST_KEPT = 100;

type DriftScene = Pick<Scene, 'now' | 'environment' | 'audit'>;
type Known = Pick<Told, 'audit' | 'drift'>;
export function driftNotices(scene: DriftScene, told: Known): { readonly told: Known; readonly notices: Notice[] } {
  const recent = new Set(told.audit.recent);
  const fresh = scene.audit.filter(({ seq }) => seq > told.audit.upTo - RECENT && !recent.has(seq));
  const drift: Record<string, DriftBatch> = { ...told.drift };
  for (const row of fresh) {
    const ended = endOf(row);
    if (row.app === null || (ended === null && row.why !== 'drift seen')) continue;
    const batch = drift[row.app] ?? null;
    const thread =
      batch !== null && row.at - batch.touchedAt < SAME_INCIDENT ? batch.thread : `drift/${scene.environment}/${row.app}/${row.seq}`;
    const kept = batch ?? { since: null, seen: [], ended: [], thread, touchedAt: row.at, toldAt: null };
    const line = lineOf(row, ended);
    drift[row.app] = {
      ...kept,
      thread,
      since: kept.since ?? row.at,
      touchedAt: row.at,
      seen: ended === null ? [...kept.seen, line].slice(-MOST_KEPT) : kept.seen,
      ended: ended === null ? kept.ended : [...kept.ended, line].slice(-MOST_KEPT),
    };
  }
  const notices: Notice[] = [];
  for (const [app, batch] of Object.entries(drift)) {
    if (isDue(batch, scene.now)) {
      notices.push(...noticesOf(scene, app, batch));
      drift[app] = { ...batch, since: null, seen: [], ended: [], toldAt: scene.now };
    } else if (batch.since === null && scene.now - batch.touchedAt >= SAME_INCIDENT) delete drift[app];
  }
  const upTo = Math.max(told.audit.upTo, ...fresh.map(({ seq }) => seq));
  const numbers = [...recent, ...fresh.map(({ seq }) => seq)].filter((seq) => seq > upTo - RECENT);
  return { told: { audit: { upTo, recent: numbers }, drift }, notices };
}
/** From here on rows are asked for. */
export const auditFrom = ({ audit }: Pick<Told, 'audit'>): number => Math.max(0, audit.upTo - RECENT);

function isDue({ since, toldAt }: DriftBatch, now: number): boolean {
  return since !== null && now - since >= GATHERS && (toldAt === null || now - toldAt >= AT_MOST_EVERY);
}
const endOf = ({ result }: AuditFact): string | null =>
  result === 'corrected, and seen so' ? 'corrected' : result === 'went away by itself' ? 'went away by itself' : null;
const lineOf = ({ what, from, to, actor, result }: AuditFact, ended: string | null): string => {
  const by = actor === 'unknown' ? '' : ` by ${actor}`;
  return ended === null ? `${what}: ${from ?? 'nothing'} → ${to ?? 'nothing'}${by}; ${result}` : `${what}: ${ended}`;
};
function noticesOf({ environment, now }: DriftScene, app: string, { seen, ended, thread, since }: DriftBatch): readonly Notice[] {
  const of = { environment, app, thread, at: now };
  const id = `${thread}/${since ?? now}`;
  const count = (lines: readonly string[]): string => (lines.length === 1 ? 'one change' : `${lines.length} changes`);
  const found =
    seen.length === 0
      ? []
      : [
          aNotice({
            ...of,
            id: `${id}/seen`,
            occasion: 'driftDetected',
            title: `${environment}: ${count(seen)} by hand on ${app}`,
            lines: fewLines(seen),
            remedy: 'to keep it, commit it, or list it under ignoreDifferences',
          }),
        ];
  const gone =
    ended.length === 0
      ? []
      : [
          aNotice({
            ...of,
            id: `${id}/ended`,
            occasion: 'driftCorrected',
            title: `${environment}: ${app} is as git says again`,
            lines: fewLines(ended),
          }),
        ];
  return [...found, ...gone];
}
