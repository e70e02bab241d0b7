/** Sizes as people write them: `512mb`, `2 GiB`, a bare number. */

const POWERS: readonly string[] = ['k', 'm', 'g', 't', 'p'];
const SIZE = /^([+-]?(?:\d+\.?\d*|\.\d+)) ?([A-Za-z]{0,3})$/;

/** A bare number is in units already. `base`: 1024 for memory, 1000 for volumes; `power`: 2 for millions, 3 for billions. Null: no size. */
function sizeIn(text: string, base: 1000 | 1024, power: 2 | 3): number | null {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  const [, digits, suffix = ''] = SIZE.exec(text) ?? [];
  if (digits === undefined) return null;
  const bytes = Number(digits) * (factor(suffix.toLowerCase(), base) ?? Number.NaN);
  return Number.isNaN(bytes) || bytes < 0 ? null : Math.trunc(Math.trunc(bytes) / base ** power);
}
function factor(suffix: string, base: number): number | null {
  if (suffix === '' || suffix === 'b') return 1;
  const rank = POWERS.indexOf(suffix[0] ?? '');
  const rest = suffix.slice(1);
  return rank === -1 || !(rest === '' || rest === 'b' || rest === 'ib') ? null : base ** (rank + 1);
}
export const memoryMb = (text: string): number | null => sizeIn(text, 1024, 2);
export const volumeGb = (text: string): number | null => sizeIn(text, 1000, 3);
