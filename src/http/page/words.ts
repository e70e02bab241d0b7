/** What the pages say, in English and Japanese. Names of conditions and reasons stay the platform's and trimtab's own words. */
import { ENGLISH, type Word } from './english.ts';
import { JAPANESE } from './japanese.ts';

export const LANGUAGES = ['en', 'ja'] as const;
export type Language = (typeof LANGUAGES)[number];

const WORDS: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { en: ENGLISH, ja: JAPANESE };
export type Say = (word: Word, fill?: Readonly<Record<string, string | number>>) => string;

export const sayIn =
  (language: Language): Say =>
  (word, fill = {}) =>
    Object.entries(fill).reduce((text, [name, value]) => text.replace(`{${name}}`, () => String(value)), WORDS[language][word]);
/** The reader's own choice first, then the browser's, then what the installation says. */
export function languageOf(chosen: string | undefined, accepted: string | undefined, fallback: Language): Language {
  const known = (tag: string | undefined): Language | undefined => LANGUAGES.find((one) => tag?.toLowerCase().startsWith(one));
  return known(chosen) ?? known(accepted?.split(',')[0]?.trim()) ?? fallback;
}
