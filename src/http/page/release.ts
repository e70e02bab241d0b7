/** A release as a timeline: what each phase came to, how far each app is, what it waits for, and the proof of every machine. */
import { html } from 'hono/html';
import { HOLD_REASONS } from '#domain/plan.ts';
import { isBackward, isEnded, type Release, type ReleasePhase, type ReleaseReport } from '#domain/release.ts';
import type { MachineLine } from '#engine/machine-lines.ts';
import type { EnvironmentAnswer } from '#engine/operator.ts';
import type { Word } from './english.ts';
import { act, badge, card, grid, type Html, hidden, mark, type Reader, short, span, type Tone, time } from './parts.ts';
import { environmentPath, releasePath } from './paths.ts';

export type MachinesOf = (environment: string, app: string) => readonly MachineLine[] | null;

type PhaseState = 'past' | 'now' | 'bad' | 'next';
interface Stop {
  readonly phase: ReleasePhase;
  readonly state: PhaseState;
}
const FORWARD: readonly ReleasePhase[] = ['preflight', 'approval', 'migrations', 'apps', 'smoke'];
/** Every phase it went through or will, and where it is. Pure. */
export function stopsOf(release: Release): readonly Stop[] {
  const { phase, failure, from, touched, openedAt } = release;
  const all = (phases: readonly ReleasePhase[], state: PhaseState): readonly Stop[] => phases.map((one) => ({ phase: one, state }));
  if (failure === null) {
    if (phase === 'complete') return all([...FORWARD, 'complete'], 'past');
    if (phase === 'superseded') {
      const reached = touched ? 'apps' : openedAt !== null ? 'approval' : 'preflight';
      return [...all(FORWARD.slice(0, FORWARD.indexOf(reached) + 1), 'past'), { phase: 'superseded', state: 'now' }];
    }
    const at = FORWARD.indexOf(phase);
    return [
      ...all(FORWARD.slice(0, at), 'past'),
      { phase, state: 'now' },
      ...all(FORWARD.slice(at + 1), 'next'),
      { phase: 'complete', state: 'next' },
    ];
  }
  const until = FORWARD.indexOf(failure.phase);
  const went: readonly Stop[] = [...all(FORWARD.slice(0, until), 'past'), { phase: failure.phase, state: 'bad' }];
  if (phase === 'superseded') return [...went, { phase, state: 'now' }];
  const returns: readonly ReleasePhase[] = failure.phase === 'migrations' || from === null ? [] : ['returning', 'returnSmoke'];
  if (phase === 'failed') return [...went, ...all(returns, 'past'), { phase, state: 'bad' }];
  if (phase === 'stalled') return [...went, ...all(returns, 'past'), { phase, state: 'bad' }, { phase: 'failed', state: 'next' }];
  const at = returns.indexOf(phase);
  return [
    ...went,
    ...all(returns.slice(0, at), 'past'),
    { phase, state: 'now' },
    ...all(returns.slice(at + 1), 'next'),
    { phase: 'failed', state: 'next' },
  ];
}
const PHASE_WORDS: Readonly<Record<ReleasePhase, Word>> = {
  preflight: 'phasePreflight',
  approval: 'phaseApproval',
  migrations: 'phaseMigrations',
  apps: 'phaseApps',
  smoke: 'phaseSmoke',
  returning: 'phaseReturning',
  returnSmoke: 'phaseReturnSmoke',
  stalled: 'phaseStalled',
  complete: 'phaseComplete',
  failed: 'phaseFailed',
  superseded: 'phaseSuperseded',
};
export const phaseName = ({ say }: Reader, phase: ReleasePhase): string => say(PHASE_WORDS[phase]);
const PHASE_TONES: Readonly<Partial<Record<ReleasePhase, Tone>>> = {
  complete: 'good',
  failed: 'bad',
  stalled: 'bad',
  returning: 'warn',
  returnSmoke: 'warn',
  superseded: 'dim',
};
export const phaseBadge = (reader: Reader, { phase, hold }: Pick<Release, 'phase' | 'hold'>): Html =>
  mark(PHASE_TONES[phase] ?? (hold === null ? 'now' : 'warn'), phaseName(reader, phase));
export const tookOf = ({ startedAt, endedAt }: Pick<Release, 'startedAt' | 'endedAt'>, now: number): string =>
  span((endedAt ?? now) - startedAt);

/** On the page of its environment: where it is, and what it waits for. */
export function releaseCard(reader: Reader, environment: EnvironmentAnswer, release: Release, machines: MachinesOf): Html {
  const { say, now } = reader;
  const title = html`<a href="${releasePath(release)}">${say('release')} #${release.number}</a> ${phaseBadge(reader, release)}`;
  return card(
    title,
    [
      headline(reader, release),
      pills(reader, release),
      waitsFor(reader, environment, release),
      appsTable(reader, release, machines, false),
    ],
    html`${tookOf(release, now)}`,
  );
}
function headline({ say }: Reader, release: Release): Html {
  const { kind, actor, author, commit, from, to, startedAt } = release;
  const who = author === null || author === actor ? actor : `${actor} (${author})`;
  return html`<p class="sub">${say(KIND_WORDS[kind])} · ${who}${commit === null ? '' : html` · ${say('commit')} <code>${short(commit)}</code>`} · <code>${short(from)}</code> → <code>${short(to)}</code> · ${time(startedAt)}</p>`;
}
export const KIND_WORDS: Readonly<Record<Release['kind'], Word>> = {
  deploy: 'kindDeploy',
  rollback: 'kindRollback',
  derived: 'kindDerived',
  secrets: 'kindSecrets',
  override: 'kindOverride',
};
const STATE_CLASS: Readonly<Record<PhaseState, string>> = { past: 'past', now: 'now', bad: 'bad', next: '' };
const pills = (reader: Reader, release: Release): Html =>
  html`<ol class="timeline" aria-label="${reader.say('phases')}">${stopsOf(release).map(({ phase, state }) =>
    state === 'now' || (state === 'bad' && phase === release.phase)
      ? html`<li class="${STATE_CLASS[state]}" aria-current="step">${phaseName(reader, phase)}</li>`
      : html`<li class="${STATE_CLASS[state]}">${phaseName(reader, phase)}</li>`,
  )}</ol>`;
const reasonOf = (hold: string): keyof typeof HOLD_REASONS | null =>
  Object.keys(HOLD_REASONS).find((one): one is keyof typeof HOLD_REASONS => one === hold) ?? null;
/** Holds that a person's word ends. */
const WAITS_FOR_PERSON: readonly string[] = ['ApprovalRequired', 'MassChange', 'BudgetGate', 'SyncWindow'];
export const waitsForPerson = ({ release, apps }: Pick<EnvironmentAnswer, 'release' | 'apps'>): boolean =>
  (release !== null && release.hold !== null && WAITS_FOR_PERSON.includes(release.hold)) ||
  apps.some(({ held }) => held.some(({ reason }) => reason !== 'SyncWindow' && WAITS_FOR_PERSON.includes(reason)));
function waitsFor(reader: Reader, { pause }: EnvironmentAnswer, release: Release): Html {
  const { say, now } = reader;
  const { failure, hold, message, phase, deadline, environment, retryAt } = release;
  const known = hold === null ? null : reasonOf(hold);
  const failed =
    failure === null
      ? html``
      : html`<div class="note bad"><p><b>${failure.reason}</b> ${failure.message}</p><p>${say(phase === 'stalled' ? 'stalledHelp' : isBackward(release) ? 'goesBack' : 'pinnedHelp')}</p></div>`;
  if (isEnded(release)) return failed;
  const waiting =
    message === '' || message === failure?.message
      ? html``
      : html`<p>${hold === null ? '' : html`<b>${hold}</b> `}${message}${known === null ? '' : html` <small>${HOLD_REASONS[known]}</small>`}</p>`;
  const limits = [
    ...(deadline === null
      ? []
      : [html`<span>${say(isBackward(release) ? 'deadlineBack' : 'deadline', { t: span(deadline - now) })}</span>`]),
    ...(retryAt === null || retryAt <= now ? [] : [html`<span>${say('askedAgain', { t: span(retryAt - now) })}</span>`]),
  ];
  const look =
    hold !== null && WAITS_FOR_PERSON.includes(hold)
      ? html`<p><a class="button" href="${environmentPath(environment)}/plan">${say('lookAndApprove')}</a></p>`
      : html``;
  const resume = hold === 'Paused' && pause !== null ? act(reader, '/act/resume', say('resume'), hidden({ environment })) : html``;
  const all = hold === null ? html`${waiting}` : html`<div class="note warn">${waiting}${look}${resume}</div>`;
  return html`${failed}${all}${limits.length === 0 ? '' : html`<p class="dim lines">${limits}</p>`}`;
}
const APP_STATES: Readonly<Record<Release['changes'][number]['state'], readonly [Tone, Word]>> = {
  waiting: ['dim', 'stateWaiting'],
  progress: ['warn', 'stateProgress'],
  held: ['warn', 'stateHeld'],
  done: ['good', 'stateDone'],
  failed: ['bad', 'stateFailed'],
};
const MOST_APPS = 50;
function appsTable(reader: Reader, release: Release, machines: MachinesOf, all: boolean): Html {
  const { say } = reader;
  const { changes, environment, phase } = release;
  const order = ['failed', 'held', 'progress', 'waiting', 'done'];
  const sorted = [...changes].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const rows = sorted.slice(0, all ? MOST_APPS * 4 : MOST_APPS).map(({ app, name, parts, state, message }) => {
    const [tone, word] = APP_STATES[state];
    const lines = machines(environment, app);
    const proved = lines?.filter((line) => proofOf(line, release) === 'proved').length ?? null;
    return [
      html`<b>${name}</b><br><small>${app}</small>`,
      parts.join(', '),
      mark(phase === 'preflight' || phase === 'approval' || phase === 'migrations' ? 'dim' : tone, say(word)),
      proved === null || lines === null ? '–' : `${proved}/${lines.filter(({ belongs }) => belongs !== 'foreign').length}`,
      message,
    ];
  });
  const head = [say('app'), say('changes'), say('state'), say('proof'), say('message')];
  const more = changes.length > rows.length ? html`<p class="dim">+ ${changes.length - rows.length}</p>` : '';
  return html`${grid(head, rows, say('apps'), 'changes')}${more}`;
}

type Proof = 'proved' | 'sleeps' | 'coming' | 'before';
/** What is seen of one machine against what the release brings, or takes back. Nothing is concluded from a reply. */
export function proofOf({ revision, state, checks }: MachineLine, release: Release): Proof {
  const goal = isBackward(release) || release.phase === 'failed' ? release.from : release.to;
  if (revision === null || revision !== goal) return 'before';
  if (state === 'stopped' || state === 'suspended') return 'sleeps';
  return state === 'started' && checks.every(({ status }) => status === 'passing') ? 'proved' : 'coming';
}
const PROOFS: Readonly<Record<Proof, readonly [Tone, Word]>> = {
  proved: ['good', 'proofProved'],
  sleeps: ['dim', 'proofSleeps'],
  coming: ['warn', 'proofComing'],
  before: ['dim', 'proofBefore'],
};
function proofCard(reader: Reader, release: Release, machines: MachinesOf): Html {
  const { say } = reader;
  const rows = release.changes.slice(0, MOST_APPS).flatMap(({ app, name }) =>
    (machines(release.environment, app) ?? [])
      .filter(({ belongs }) => belongs !== 'foreign')
      .map((line) => {
        const [tone, word] = PROOFS[proofOf(line, release)];
        return [
          html`<b>${line.name}</b><br><small>${name} ${line.region}</small>`,
          mark(tone, say(word)),
          html`<code>${line.image}</code><br><small><code>${line.digest?.slice(0, 19) ?? '–'}</code></small>`,
          html`<code class="nowrap">${line.version.slice(-8)}</code>`,
          badge(line.state),
          html`<span class="lines">${line.checks.map((check) => html`<span>${check.name} ${badge(check.status)}</span>`)}</span>`,
          line.secrets === null ? '–' : String(line.secrets),
        ];
      }),
  );
  if (rows.length === 0) return html``;
  const head = [say('machine'), say('proof'), say('image'), say('instance'), say('state'), say('checks'), say('secretsMark')];
  return card(say('proofPerMachine'), [grid(head, rows, say('proofPerMachine')), html`<p class="dim">${say('proofHelp')}</p>`]);
}

export function releasePage(reader: Reader, environment: EnvironmentAnswer, release: Release, machines: MachinesOf): Html {
  const { say, now } = reader;
  const { number } = release;
  const above = html`<p class="crumbs"><a href="${environmentPath(environment.name)}">${environment.name}</a> / <a href="${environmentPath(environment.name)}/releases">${say('releases')}</a></p>`;
  const ended = release.endedAt === null ? '' : html` · ${say('took')} ${tookOf(release, now)}`;
  return html`${above}<h1>${say('release')} #${number} ${phaseBadge(reader, release)}</h1>${headline(reader, release)}<p class="sub">${say('began')} ${span(now - release.startedAt)} ${say('ago')}${ended}</p>
${waitsFor(reader, environment, release)}
${card(say('phases'), steps(reader, release))}
${card(say('apps'), appsTable(reader, release, machines, true))}
${proofCard(reader, release, machines)}`;
}
/** The timeline, with what came of each phase. */
const steps = (reader: Reader, release: Release): Html =>
  html`<ol class="steps">${stopsOf(release).map(({ phase, state }) => {
    const reports = release.reports.filter((report) => report.phase === phase);
    const current = state === 'now' || (state === 'bad' && phase === release.phase);
    return html`<li class="${STATE_CLASS[state]}" ${current ? html`aria-current="step"` : ''}><b>${phaseName(reader, phase)}</b>${stepText(reader, release, phase, state, reports)}</li>`;
  })}</ol>`;
function stepText(reader: Reader, release: Release, phase: ReleasePhase, state: PhaseState, reports: readonly ReleaseReport[]): Html {
  const { say } = reader;
  const last = reports.at(-1);
  const since = phase === release.phase && !isEnded(release) ? html` <small>${say('since')} ${time(release.phaseSince)}</small>` : '';
  const ended = isEnded({ phase }) && release.endedAt !== null ? html` <small>${time(release.endedAt)}</small>` : '';
  const own =
    phase === 'approval' && release.approvals.length > 0
      ? html`<ul>${release.approvals.map(({ by, at }) => html`<li>${say('approvedBy')} <b>${by}</b> ${time(at)}</li>`)}</ul>`
      : phase === 'migrations' && release.migrations !== null && release.migrations.pending.length > 0
        ? html`<ul>${release.migrations.pending.map((file) => html`<li><code>${file}</code></li>`)}</ul>`
        : phase === 'apps'
          ? html` <small>${release.changes.filter((change) => change.state === 'done').length}/${release.changes.length}</small>`
          : '';
  const nothing =
    state === 'past' && last === undefined && own === '' && !isEnded({ phase }) ? html` <small>${say('nothingToDo')}</small>` : '';
  return html`${since}${ended}${last === undefined ? '' : reportText(reader, last, reports.length)}${own}${nothing}`;
}
function reportText({ say }: Reader, { items, took, at }: ReleaseReport, tries: number): Html {
  const good = items.filter((item) => item.state === 'ok' || item.state === 'skipped');
  const others = items.filter((item) => !good.includes(item));
  const again = tries > 1 ? html` · ${say('tries', { n: tries })}` : '';
  return html` <small>${time(at)} · ${say('took')} ${span(took)} · ${good.length}/${items.length} ok${again}</small>${
    others.length === 0
      ? ''
      : html`<ul>${others.map(({ what, state, message, remedy }) => html`<li>${badge(state)} <b>${what}</b> ${message}${remedy === null ? '' : html`<br><small>→ ${remedy}</small>`}</li>`)}</ul>`
  }${good.length === 0 ? '' : html`<details id="ok-${good[0]?.what ?? ''}-${at}"><summary>${good.length} ok</summary><ul>${good.map(({ what, message }) => html`<li>${what} <small>${message}</small></li>`)}</ul></details>`}`;
}
