/** The weekly record for people, in English and Japanese: Markdown, as it is kept and sent. */
import { CHECKLIST_TITLES } from '#domain/checklist.ts';
import { microToDollars } from '#domain/ratio.ts';
import type { WeekRecord } from '#engine/week-record.ts';
import { percent } from './cost-text.ts';

export type Language = 'en' | 'ja';
interface Words {
  readonly title: string;
  readonly goesOn: string;
  readonly figures: readonly [string, string, string, string, string, string];
  readonly none: string;
  readonly what: readonly [string, string, string, string];
  readonly budget: readonly [string, string, string, string, string];
  readonly checklist: readonly [string, string, string, string];
  readonly unsigned: string;
}
const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Week of',
    goesOn: 'goes on',
    figures: ['organization', 'cost of the week', 'week over week', 'month to date', 'forecast', 'dashboard'],
    none: 'n/a',
    what: ['deploys', 'releases complete', 'releases failed', 'drift corrected'],
    budget: ['budget', 'level', 'used', 'of', 'forecast'],
    checklist: ['check', 'evidence', 'signed', 'note'],
    unsigned: 'not signed',
  },
  ja: {
    title: '週次記録',
    goesOn: '進行中',
    figures: ['組織', '週のコスト', '前週比', '月初来累計', '月末予測', 'ダッシュボード'],
    none: 'なし',
    what: ['デプロイ回数', '完了したリリース', '失敗したリリース', '修正したドリフト'],
    budget: ['予算', '状態', '使用額', '予算額', '予測'],
    checklist: ['確認項目', '根拠', '署名', 'メモ'],
    unsigned: '未署名',
  },
};
const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), `|${head.map(() => '---').join('|')}|`, ...rows].join('\n');

export function weekMarkdown(record: WeekRecord, language: Language): string {
  const words = WORDS[language];
  const figures = record.organizations.map(({ organization, cost, weekOverWeek, monthToDate, forecast, actual }) =>
    row(
      organization,
      microToDollars(cost),
      weekOverWeek === null ? words.none : percent(weekOverWeek),
      microToDollars(monthToDate),
      `${microToDollars(forecast.amount)} (${microToDollars(forecast.low)}–${microToDollars(forecast.high)})`,
      actual === null ? words.none : `${microToDollars(actual.amount)} (${percent(actual.gap)})`,
    ),
  );
  const budgets = record.organizations.flatMap((one) =>
    one.budgets.map(({ name, level, used, amount, forecast }) =>
      row(name, level, microToDollars(used), microToDollars(amount), microToDollars(forecast)),
    ),
  );
  const checks = record.checklist.map(({ item, evidence, signed }) =>
    row(
      CHECKLIST_TITLES[language][item],
      evidence,
      signed === null ? words.unsigned : `${signed.by} ${new Date(signed.at).toISOString().slice(0, 16).replace('T', ' ')}`,
      signed?.note ?? '',
    ),
  );
  const counts = row(String(record.deploys), String(record.releases), String(record.failedReleases), String(record.driftCorrected));
  return [
    `# ${words.title} ${record.week}${record.finished ? '' : ` (${words.goesOn})`}`,
    table(words.figures, figures),
    table(words.what, [counts]),
    ...(budgets.length === 0 ? [] : [table(words.budget, budgets)]),
    table(words.checklist, checks),
    '',
  ].join('\n\n');
}
