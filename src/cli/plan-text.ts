/** A plan for people: what changes from what to what, why, in which order, what is held, what it costs. */

import type { Change, FieldDifference } from '#domain/change.ts';
import type { Json } from '#domain/json.ts';
import { HOLD_REASONS, type Hold, isEmpty, type Plan, type PlanCost, stepsOf } from '#domain/plan.ts';
import { PASSING } from '#domain/restrain.ts';
import { type MicroUsd, microUsd } from '#domain/units.ts';
import type { AppPlan } from '#engine/operator.ts';
import { pc } from './colours.ts';

const HOURS_PER_MONTH = 720;
const LONGEST_VALUE = 60;

/** True when this plan would write, or holds something back. */
export const hasChanges = ({ plan }: AppPlan): boolean => plan !== null && (!isEmpty(plan) || plan.held.some(isStanding));
/** It holds no single step, and does not pass by itself: foreign machines, no room, no image. */
const isStanding = ({ change, reason }: Hold): boolean => change === null && !PASSING.includes(reason);

export function planText(plans: readonly AppPlan[]): string {
  const lines = plans.flatMap((one) => appLines(one));
  return `${[...lines, '', summary(plans), ...approveLines(plans)].join('\n')}\n`;
}
/** How to say yes to exactly this. */
const approveLines = (plans: readonly AppPlan[]): readonly string[] =>
  [...hashesToApprove(plans)].map(([environment, hash]) => pc.dim(`approve this: trimtab approve ${environment} --plan ${hash}`));
/** Environments where something waits for a person → the hash of their plan. */
export const hashesToApprove = (plans: readonly AppPlan[]): ReadonlyMap<string, string> =>
  new Map(
    plans
      .filter(({ plan }) => plan?.held.some(({ reason }) => reason === 'ApprovalRequired' || reason === 'MassChange') === true)
      .flatMap(({ environment, approves }): readonly (readonly [string, string])[] =>
        approves === undefined ? [] : [[environment, approves]],
      ),
  );
function appLines({ environment, name, app, plan, error }: AppPlan): readonly string[] {
  const title = `${pc.bold(`${environment}/${name}`)} ${pc.dim(app)}`;
  if (error !== null) return [`${title}  ${pc.red(error.message)}`, `  ${pc.dim(`${error.code}: ${error.remedy}`)}`];
  if (plan === null || (!hasChanges({ environment, name, app, plan, error }) && plan.drifts.length === 0))
    return [`${title}  ${pc.green('nothing to do')}${pc.dim(takenText(plan))}`];
  return [title, ...waveLines(plan), ...heldLines(plan), ...costLines(plan)];
}
const takenText = (plan: Plan | null): string => {
  const taken =
    plan === null ? [] : [...stepsOf(plan), ...plan.held.flatMap(({ change }) => change ?? [])].filter(({ cause }) => cause === 'adoption');
  return taken.length === 0 ? '' : ` (${taken.length} to be taken over without a restart)`;
};
const waveLines = (plan: Plan): readonly string[] =>
  plan.waves.flatMap((wave, at) => [
    pc.dim(`  wave ${at + 1}${wave.ready ? '' : at === 0 ? ' (waits)' : ' (after the one before)'}`),
    ...wave.steps.flatMap(stepLines),
  ]);
const SIGN = { create: '+', destroy: '-' } as const;
const signOf = (verb: string): string =>
  verb === 'create' ? pc.green(SIGN.create) : verb === 'destroy' ? pc.red(SIGN.destroy) : pc.yellow('~');
const stepLines = (step: Change): readonly string[] => [
  `    ${signOf(step.action.verb)} ${step.why} ${pc.dim(`(${notesOf(step).join(', ')})`)}`,
  ...fieldLines(step),
];
const notesOf = ({ cause, restarts, downtime, urgent }: Change): readonly string[] => [
  cause,
  ...(restarts ? ['restarts'] : []),
  ...(downtime ? ['downtime'] : []),
  ...(urgent ? ['at once'] : []),
];
const fieldLines = ({ fields }: Change): readonly string[] =>
  fields.map(({ pointer, from, to }) => `        ${pointer}: ${valueText(from)} → ${valueText(to)}`);
export function valueText(value: Json | undefined): string {
  if (value === undefined) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
/** What is held is shown as what it is: the step with its fields, then why it waits and what to do. */
const heldLines = (plan: Plan): readonly string[] =>
  plan.held.flatMap((hold) => {
    const { reason, until, change } = hold;
    const ends = pc.dim(`(${reason}${until === null ? '' : ` until ${new Date(until).toISOString()}`})`);
    const sign = change === null ? pc.magenta('·') : signOf(change.action.verb);
    const notes = change === null ? '' : ` ${pc.dim(`(${notesOf(change).join(', ')})`)}`;
    return [
      `    ${sign} held: ${heldText(hold)} ${ends}${notes}`,
      ...(change === null ? [] : fieldLines(change)),
      `        ${pc.dim(HOLD_REASONS[reason])}`,
    ];
  });
/** Some messages name the step already. */
const heldText = ({ message, change }: Hold): string =>
  change === null || message.includes(change.why) ? message : `${change.why}: ${message}`;
const costLines = ({ cost }: Plan): readonly string[] =>
  isSameCost(cost) ? [pc.dim(`    ${costText(cost)}, unchanged`)] : [`    ${costText(cost)}`];
const isSameCost = (cost: PlanCost): boolean =>
  cost.beforePerHour === cost.afterPerHour && cost.alwaysOnBeforePerHour === cost.alwaysOnAfterPerHour;
/** Now → after at the expected rate, and what it comes to if every machine always runs, where that is another figure. */
function costText(cost: PlanCost): string {
  const arrow = (before: number, after: number): string => (before === after ? dollars(before) : `${dollars(before)} → ${dollars(after)}`);
  const expected = `${arrow(cost.beforePerHour, cost.afterPerHour)} per month`;
  const same = cost.beforePerHour === cost.alwaysOnBeforePerHour && cost.afterPerHour === cost.alwaysOnAfterPerHour;
  return same ? expected : `${expected} (always on: ${arrow(cost.alwaysOnBeforePerHour, cost.alwaysOnAfterPerHour)})`;
}
/** Of all plans together. */
export function totalCost(plans: readonly AppPlan[]): PlanCost {
  const sum = (key: keyof PlanCost): MicroUsd => microUsd(plans.reduce((all, { plan }) => all + (plan?.cost[key] ?? 0), 0));
  return {
    beforePerHour: sum('beforePerHour'),
    afterPerHour: sum('afterPerHour'),
    alwaysOnBeforePerHour: sum('alwaysOnBeforePerHour'),
    alwaysOnAfterPerHour: sum('alwaysOnAfterPerHour'),
  };
}
export const dollars = (microPerHour: number): string => `$${((microPerHour * HOURS_PER_MONTH) / 1_000_000).toFixed(2)}`;

function summary(plans: readonly AppPlan[]): string {
  const busy = plans.filter(hasChanges);
  const steps = busy.flatMap(({ plan }) => (plan === null ? [] : stepsOf(plan)));
  const held = busy.flatMap(({ plan }) => plan?.held.filter((hold) => hold.change !== null || isStanding(hold)) ?? []);
  const failed = plans.filter(({ error }) => error !== null).length;
  const parts = [
    steps.length === 0 && held.length === 0 ? 'Nothing to do.' : `${count(steps.length, 'step')}, ${held.length} held.`,
    `${costText(totalCost(plans))}.`,
    ...(failed === 0 ? [] : [`${count(failed, 'app')} could not be planned.`]),
  ];
  return parts.join(' ');
}
const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** For a comment on a pull request. */
export function planMarkdown(plans: readonly AppPlan[]): string {
  const changed = plans.filter((one) => hasChanges(one) || one.error !== null);
  if (changed.length === 0) return `### trimtab plan\n\nNothing to do. ${costText(totalCost(plans))}.\n`;
  return `### trimtab plan\n\n${costMarkdown(plans)}\n${changed.map(appMarkdown).join('\n')}\n`;
}
/** What a reviewer looks at first: every app whose cost moves, and all together. */
function costMarkdown(plans: readonly AppPlan[]): string {
  const moved = plans.filter(({ plan }) => plan !== null && !isSameCost(plan.cost));
  if (moved.length === 0) return `${costText(totalCost(plans))}, unchanged.\n`;
  const row = (name: string, { beforePerHour, afterPerHour, alwaysOnAfterPerHour }: PlanCost): string =>
    `| ${name} | ${dollars(beforePerHour)} | ${dollars(afterPerHour)} | ${signed(afterPerHour - beforePerHour)} | ${dollars(alwaysOnAfterPerHour)} |`;
  const rows = moved.flatMap(({ environment, name, plan }) => (plan === null ? [] : [row(`${environment}/${name}`, plan.cost)]));
  return `| $ per month | now | after | change | always on |\n|---|---|---|---|---|\n${[...rows, row('**all apps**', totalCost(plans))].join('\n')}\n`;
}
const signed = (microPerHour: number): string => (microPerHour < 0 ? `-${dollars(-microPerHour)}` : `+${dollars(microPerHour)}`);
function appMarkdown({ environment, name, plan, error }: AppPlan): string {
  const title = `#### ${environment}/${name}`;
  if (error !== null || plan === null) return `${title}\n\n**${error?.code ?? ''}** ${error?.message ?? ''}\n`;
  const rows = plan.waves.flatMap((wave, at) =>
    wave.steps.map(({ why, cause, fields, downtime }) => {
      const said = fields.map(fieldMarkdown).join('<br>');
      return `| ${at + 1} | ${cell(why)} | ${cause}${downtime ? ', downtime' : ''} | ${said} |`;
    }),
  );
  const held = plan.held.map((hold) => {
    const fields = hold.change?.fields.map(fieldMarkdown).join(', ') ?? '';
    return `- held (${hold.reason}): ${heldText(hold)}${fields === '' ? '' : ` (${fields})`}${hold.change?.downtime === true ? ', downtime' : ''}`;
  });
  const cost = costText(plan.cost);
  const table = rows.length === 0 ? '' : `| wave | step | why | fields |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  return `${title}\n\n${table}\n${held.join('\n')}\n\n${cost}\n`;
}
const fieldMarkdown = ({ pointer, from, to }: FieldDifference): string =>
  `\`${pointer}\`: ${cell(valueText(from))} → ${cell(valueText(to))}`;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
