/** An incident: something that lasts, of one or several subjects. It is told when the first subject has lasted long enough, later ones follow in its
 *  thread, and it is over when all are well for a while. Pure. */
import { type Ms, minutes } from '#domain/units.ts';
import type { Scene } from './scene.ts';
import type { Incident, WatchedSubject } from './told.ts';
import { ALERTS, type AlertName, aNotice, fewLines, type Notice, OCCASIONS } from './words.ts';

export interface Present {
  readonly subject: string;
  /** Since when, where it is kept with what it is about; null: since it was first seen here. */
  readonly since: number | null;
  readonly line: string;
}
export interface Watched {
  readonly name: AlertName;
  readonly for: Ms;
  readonly title: string;
  readonly remedy: string;
  readonly present: readonly Present[];
}
/** What trembles at its limit is not told again and again. */
const OVER_AFTER = minutes(2);

type IncidentScene = Pick<Scene, 'now' | 'environment' | 'owners'>;
export function incidentNotices(
  watched: Watched,
  scene: IncidentScene,
  before: Incident | null,
): { readonly incident: Incident | null; readonly notices: Notice[] } {
  const { now } = scene;
  const present = new Map(watched.present.map((one) => [one.subject, one]));
  const subjects: Record<string, WatchedSubject> = {};
  const begun: Present[] = [];
  const over: string[] = [];
  for (const [subject, one] of present) {
    const known = before?.subjects[subject] ?? null;
    const since = known?.since ?? one.since ?? now;
    const due = now - since >= watched.for;
    // What is kept with its subject need not be watched before it is told.
    if (known === null && !due && one.since !== null) continue;
    if (due && known?.toldAt == null) begun.push(one);
    subjects[subject] = { since, toldAt: known?.toldAt ?? (due ? now : null), clearSince: null };
  }
  for (const [subject, known] of Object.entries(before?.subjects ?? {})) {
    if (present.has(subject) || known.toldAt === null) continue;
    const clearSince = known.clearSince ?? now;
    if (now - clearSince >= OVER_AFTER) over.push(subject);
    else subjects[subject] = { ...known, clearSince };
  }
  if (Object.keys(subjects).length === 0 && over.length === 0) return { incident: null, notices: [] };
  const incident = { since: before?.since ?? now, subjects };
  const notices = [
    ...(begun.length === 0 ? [] : [beginning(watched, scene, incident, begun)]),
    ...(over.length === 0 ? [] : [ending(watched, scene, incident, over)]),
  ];
  const goesOn = Object.keys(subjects).length > 0;
  return { incident: goesOn ? incident : null, notices };
}
const placeOf = ({ name }: Watched, { environment }: IncidentScene, { since }: Incident): string => `alert/${environment}/${name}/${since}`;
const of = (watched: Watched, scene: IncidentScene, incident: Incident) => ({
  occasion: ALERTS[watched.name],
  alert: watched.name,
  environment: scene.environment,
  thread: placeOf(watched, scene, incident),
  at: scene.now,
});
function beginning(watched: Watched, scene: IncidentScene, incident: Incident, begun: readonly Present[]): Notice {
  const [only] = begun;
  const critical = OCCASIONS[ALERTS[watched.name]].severity === 'critical';
  return aNotice({
    ...of(watched, scene, incident),
    id: `${placeOf(watched, scene, incident)}/begins/${begun.map(({ subject }) => subject).join(',')}`,
    state: 'begins',
    app: begun.length === 1 && only !== undefined && APP_ALERTS.includes(watched.name) ? only.subject : null,
    title: `${scene.environment}: ${watched.title}`,
    lines: fewLines(begun.map(({ line }) => line)),
    remedy: watched.remedy,
    owners: critical ? [...scene.owners] : [],
  });
}
const APP_ALERTS: readonly AlertName[] = ['TrimtabDriftNotCorrected', 'TrimtabReconcileStalled', 'TrimtabAppDegraded'];
function ending(watched: Watched, scene: IncidentScene, incident: Incident, over: readonly string[]): Notice {
  const rest = Object.keys(incident.subjects).length;
  return aNotice({
    ...of(watched, scene, incident),
    id: `${placeOf(watched, scene, incident)}/ends/${over.join(',')}/${scene.now}`,
    severity: 'info',
    state: 'ends',
    title: `${scene.environment}: over: ${watched.title}`,
    lines: fewLines([...over, ...(rest === 0 ? [] : [`it goes on for ${rest} more`])]),
  });
}
