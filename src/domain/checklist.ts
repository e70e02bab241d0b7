/** What the team goes through once a week, and what each item is called. */
export const CHECKLIST = [
  'app-state',
  'usage-and-bill',
  'budget',
  'restore-point',
  'secret-rotation',
  'rehearsal',
  'operations-log',
] as const;
export type ChecklistItem = (typeof CHECKLIST)[number];

export const CHECKLIST_TITLES: Readonly<Record<'en' | 'ja', Readonly<Record<ChecklistItem, string>>>> = {
  en: {
    'app-state': 'State of the apps',
    'usage-and-bill': 'Usage and bill',
    budget: 'Budget used, growth on the week before',
    'restore-point': 'Database backup and restore point',
    'secret-rotation': 'Secret rotation deadlines',
    rehearsal: 'Rehearsal carried out on staging',
    'operations-log': 'Log: who, when, result',
  },
  ja: {
    'app-state': 'アプリの状態',
    'usage-and-bill': '使用量と請求額',
    budget: '予算消化率と前週比',
    'restore-point': 'データベースのバックアップと復元ポイント',
    'secret-rotation': 'シークレットのローテーション期限',
    rehearsal: 'ステージングでの訓練の実施',
    'operations-log': '作業記録（誰が・いつ・結果）',
  },
};
