/** What a release has to tell, from its row: each stage once, in one thread. A stage that nobody looked at while it lasted is told all the same
 *  where the row still shows it. Pure. */
import { isEnded, type Release } from '#domain/release.ts';
import { elapsed, instant } from '#domain/units.ts';
import type { Scene } from './scene.ts';
import type { Told } from './told.ts';
import { aNotice, fewLines, type Notice, type Occasion } from './words.ts';

interface Stage {
  readonly stage: string;
  readonly occasion: Occasion;
  readonly title: string;
  readonly lines: readonly string[];
  readonly remedy: string | null;
  readonly at: number;
}
type ReleaseScene = Pick<Scene, 'now' | 'environment' | 'owners' | 'newest' | 'active' | 'releases' | 'proof'>;

/** At the first look: the one under way is news, those before it are not. */
export const firstRelease = ({ newest, active }: ReleaseScene): Told['release'] => ({
  upTo: active === null ? newest : active.number - 1,
  stages: [],
});
export function releaseNotices(scene: ReleaseScene, told: Told['release']): { readonly told: Told['release']; readonly notices: Notice[] } {
  const notices: Notice[] = [];
  const stages = new Set(told.stages);
  // What is under way is believed as the book has it: its row is written before.
  const known = scene.releases.filter(({ number }) => number > told.upTo && number <= scene.newest && number !== scene.active?.number);
  const all = [...known, ...(scene.active === null ? [] : [scene.active])].sort((a, b) => a.number - b.number);
  for (const release of all)
    for (const stage of stagesOf(release, scene)) {
      const key = `${release.number}:${stage.stage}`;
      if (!stages.has(key)) notices.push(noticeOf(scene, release, stage));
      stages.add(key);
    }
  const upTo = scene.active === null ? Math.max(told.upTo, scene.newest) : Math.max(told.upTo, scene.active.number - 1);
  const open = [...stages].filter((key) => Number(key.split(':')[0]) > upTo);
  return { told: { upTo, stages: open }, notices };
}
function stagesOf(release: Release, scene: ReleaseScene): readonly Stage[] {
  const { number, kind, actor, changes, failure, phase, phaseSince, touched, from, startedAt } = release;
  const called = `release ${number} (${kind})`;
  const stages: Stage[] = [
    {
      stage: 'started',
      occasion: 'releaseStarted',
      title: `${called} of ${namesOf(release)} by ${actor}`,
      lines: changes.map(({ name, parts }) => `${name}: ${parts.join(', ') || 'again'}`),
      remedy: null,
      at: startedAt,
    },
    ...holdStage(release, called),
  ];
  if (failure !== null)
    stages.push({
      stage: 'failing',
      occasion: 'releaseFailed',
      title: `${called} failed: ${failure.reason}`,
      lines: [failure.message, ...(failure.apps.length === 0 ? [] : [`apps: ${failure.apps.join(', ')}`])],
      remedy: `nobody has to act: it goes back by itself, and its content is pinned. Go on with a new commit, or \`trimtab release retry\``,
      at: phaseSince,
    });
  if (phase === 'stalled')
    stages.push({
      stage: 'stalled',
      occasion: 'releaseStalled',
      title: `${called} is not back: ${release.message || 'the last good revision does not come up either'}`,
      lines: [],
      remedy: '`trimtab status` shows what is missing; it is tried until it works, or a commit comes',
      at: phaseSince,
    });
  if (!isEnded(release)) return stages;
  const at = release.endedAt ?? phaseSince;
  const took = `${Math.round(elapsed(startedAt, instant(at)) / 1_000)} s`;
  const end = (occasion: Occasion, title: string, lines: readonly string[]): Stage => ({
    ...{ stage: phase, occasion, title, lines, remedy: null, at },
  });
  if (phase === 'complete') stages.push(end('releaseSucceeded', `${called} is live after ${took}`, proofOf(release, scene)));
  if (phase === 'superseded') stages.push(end('releaseSuperseded', `${called} ended: a newer commit took its place`, []));
  if (phase === 'failed' && touched && from !== null)
    stages.push(end('releaseRolledBack', `${called} is taken back: the last good revision runs`, proofOf(release, scene)));
  return stages;
}
function holdStage({ hold, message, phase, phaseSince, heldSince }: Release, called: string): readonly Stage[] {
  if (hold === null || isEnded({ phase })) return [];
  const approval = hold === 'ApprovalRequired';
  return [
    {
      stage: approval ? 'approval' : `held ${hold}`,
      occasion: approval ? 'approvalNeeded' : 'held',
      title: approval ? `${called} waits for approval` : `${called} waits: ${hold}`,
      lines: message === '' ? [] : [message],
      remedy: approval ? '`trimtab plan` shows it, `trimtab apply` lets it through' : null,
      at: heldSince ?? phaseSince,
    },
  ];
}
const namesOf = ({ changes }: Release): string => fewLines(changes.map(({ name }) => name)).join(', ') || 'everything';
const proofOf = ({ changes }: Release, { proof }: ReleaseScene): readonly string[] =>
  changes.flatMap(({ app, name }) => {
    const machines = proof(app);
    return machines.length === 0 ? [`${name}: seen as it should be`] : machines.map((line) => `${name}: ${line}`);
  });
const stateOf = ({ phase, failure }: Release): NonNullable<Notice['release']>['state'] =>
  phase === 'complete' ? 'success' : phase === 'superseded' ? 'superseded' : failure !== null || phase === 'failed' ? 'failure' : 'pending';
function noticeOf({ environment, owners }: ReleaseScene, release: Release, { stage, lines, ...told }: Stage): Notice {
  const { number, kind, commit } = release;
  const critical = told.occasion === 'releaseFailed' || told.occasion === 'releaseStalled';
  return aNotice({
    ...told,
    id: `release/${environment}/${number}/${stage}`,
    environment,
    thread: `release/${environment}/${number}`,
    title: `${environment}: ${told.title}`,
    lines: fewLines(lines),
    owners: critical ? [...owners] : [],
    alert: told.occasion === 'releaseFailed' ? 'TrimtabReleaseFailed' : null,
    // What was true at that stage, not what became of it.
    release: {
      number,
      kind,
      commit,
      state: stage === 'started' || told.occasion === 'held' || told.occasion === 'approvalNeeded' ? 'pending' : stateOf(release),
    },
  });
}
