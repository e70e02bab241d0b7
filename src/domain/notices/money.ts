/** Money's news: a budget's crossings, what costs and serves nobody, and the record of a week. Pure. */
import type { BudgetFact, Scene } from './scene.ts';
import type { Told } from './told.ts';
import { aNotice, fewLines, type Notice } from './words.ts';

type MoneyScene = Pick<Scene, 'now' | 'environment' | 'owners' | 'budgets' | 'week' | 'leaks'>;
type Known = Pick<Told, 'budgets' | 'week' | 'leaks'>;

export function moneyNotices(scene: MoneyScene, told: Known): { readonly told: Known; readonly notices: Notice[] } {
  const notices: Notice[] = [];
  const budgets: Record<string, string> = {};
  for (const budget of scene.budgets) {
    const before = told.budgets[budget.name] ?? null;
    for (const { mark, notice } of crossings(scene, budget, before)) if (mark !== before) notices.push(notice);
    budgets[budget.name] = markOf(budget);
  }
  const { week } = scene;
  if (week !== null && week.name !== told.week) notices.push(weekNotice(scene, week));
  const fresh = scene.leaks?.filter((leak) => !told.leaks.includes(leak)) ?? [];
  if (fresh.length > 0) notices.push(leakNotice(scene, fresh));
  return { told: { budgets, week: week?.name ?? told.week, leaks: scene.leaks === null ? told.leaks : [...scene.leaks] }, notices };
}
/** What was last told of it: a level since a time, that it is used up, that nobody said they saw it, or that somebody did. */
function markOf({ level, since, usedUp, remindedAt, ackedBy }: BudgetFact): string {
  return [level, String(since), usedUp ? 'used-up' : '', remindedAt === null ? '' : 'again', ackedBy === null ? '' : 'seen'].join(' ');
}
function crossings(
  scene: MoneyScene,
  budget: BudgetFact,
  before: string | null,
): readonly { readonly mark: string; readonly notice: Notice }[] {
  const [level, since, usedUp, again, seen] = (before ?? `ok ${budget.since}   `).split(' ');
  const mark = markOf(budget);
  const found: { readonly mark: string; readonly notice: Notice }[] = [];
  if (budget.level !== level || String(budget.since) !== since)
    if (budget.level !== level) found.push({ mark, notice: levelNotice(scene, budget) });
  if (budget.usedUp && usedUp === '') found.push({ mark, notice: usedUpNotice(scene, budget) });
  if (budget.remindedAt !== null && (again === '' || String(budget.since) !== since)) found.push({ mark, notice: reminder(scene, budget) });
  if (budget.ackedBy !== null && (seen !== 'seen' || String(budget.since) !== since))
    found.push({ mark, notice: acked(scene, budget, budget.ackedBy) });
  return found;
}
const of = ({ environment, now }: MoneyScene, { name, figures }: BudgetFact) => ({
  environment,
  thread: `budget/${environment}/${name}`,
  at: now,
  lines: fewLines(figures),
});
function levelNotice(scene: MoneyScene, budget: BudgetFact): Notice {
  const { name, level, since, reason } = budget;
  const id = `budget/${scene.environment}/${name}/${since}/${level}`;
  if (level === 'ok') {
    const title = `${scene.environment}: budget ${name} is kept again`;
    return aNotice({ ...of(scene, budget), id, occasion: 'budgetWarning', severity: 'info', state: 'ends', title });
  }
  const critical = level === 'critical';
  return aNotice({
    ...of(scene, budget),
    id,
    occasion: critical ? 'budgetCritical' : 'budgetWarning',
    alert: critical ? 'TrimtabBudgetForecast' : 'TrimtabBudgetWarning',
    state: 'begins',
    title: `${scene.environment}: budget ${name} is ${level}: ${reason}`,
    remedy: critical ? `say that you saw it: \`trimtab cost ack ${name}\`; ${WHERE}` : WHERE,
    owners: critical ? [...scene.owners] : [],
  });
}
const WHERE = '`trimtab cost --by app` shows where, `trimtab cost advise` what would save the most';
const usedUpNotice = (scene: MoneyScene, budget: BudgetFact): Notice =>
  aNotice({
    ...of(scene, budget),
    id: `budget/${scene.environment}/${budget.name}/${budget.since}/used-up`,
    occasion: 'budgetCritical',
    alert: 'TrimtabBudgetCritical',
    state: 'begins',
    title: `${scene.environment}: budget ${budget.name} is used up`,
    remedy: WHERE,
    owners: [...scene.owners],
  });
const reminder = (scene: MoneyScene, budget: BudgetFact): Notice =>
  aNotice({
    ...of(scene, budget),
    id: `budget/${scene.environment}/${budget.name}/${budget.since}/again`,
    occasion: 'budgetCritical',
    alert: 'TrimtabBudgetForecast',
    title: `${scene.environment}: budget ${budget.name} is ${budget.level}, and nobody said that they saw it: ${budget.reason}`,
    remedy: `say that you saw it: \`trimtab cost ack ${budget.name}\``,
    owners: [...scene.owners],
  });
const acked = (scene: MoneyScene, budget: BudgetFact, by: string): Notice =>
  aNotice({
    ...of(scene, budget),
    id: `budget/${scene.environment}/${budget.name}/${budget.since}/seen`,
    occasion: 'budgetCritical',
    severity: 'info',
    title: `${scene.environment}: budget ${budget.name}: ${by} saw it`,
  });
const weekNotice = ({ environment, now }: MoneyScene, { name, lines }: NonNullable<Scene['week']>): Notice =>
  aNotice({
    id: `week/${environment}/${name}`,
    occasion: 'weeklyRecord',
    environment,
    thread: `week/${environment}/${name}`,
    title: `${environment}: the week of ${name}`,
    lines: [...lines],
    remedy: `sign what you checked: \`trimtab report sign ITEM --week ${name} --note …\``,
    at: now,
  });
const leakNotice = ({ environment, now }: MoneyScene, fresh: readonly string[]): Notice =>
  aNotice({
    id: `leak/${environment}/${now}`,
    occasion: 'leakFound',
    environment,
    thread: `leak/${environment}`,
    title: `${environment}: ${fresh.length === 1 ? 'something costs' : `${fresh.length} things cost`} and serve nobody`,
    lines: fewLines(fresh),
    remedy: '`trimtab cost advise` names each with the command that ends it',
    at: now,
  });
