/** Rows that hold every pair of values of any two factors at least once: most faults need no more than two to meet. */
import { makeRandom, type Random } from '#domain/random.ts';

export type Factors = Readonly<Record<string, readonly string[]>>;
export type Row<F extends Factors> = { readonly [Name in keyof F]: F[Name][number] };

/** Greedy, and the same at every run. `can`: rows that cannot be are left out; a pair that no row can hold is not asked for. */
export function pairwise<const F extends Factors>(factors: F, can: (row: Row<F>) => boolean, seed = 'pairs'): readonly Row<F>[] {
  const random = makeRandom(seed);
  const all = every(factors).filter(can);
  const left = new Set(all.flatMap(pairsOf));
  const rows: Row<F>[] = [];
  while (left.size > 0) {
    // Of those that hold the most pairs that are lacking, any: the first would favour the first values.
    const counted = all.map((row) => ({ row, pairs: pairsOf(row).filter((pair) => left.has(pair)) }));
    const most = Math.max(...counted.map(({ pairs }) => pairs.length));
    const best = pick(
      random,
      counted.filter(({ pairs }) => pairs.length === most),
    );
    rows.push(best.row);
    for (const pair of best.pairs) left.delete(pair);
  }
  return rows;
}
/** As `strategy=rolling volume=yes`. */
export const pairsOf = (row: Readonly<Record<string, string>>): readonly string[] => {
  const said = Object.entries(row).map(([name, value]) => `${name}=${value}`);
  return said.flatMap((one, at) => said.slice(at + 1).map((other) => `${one} ${other}`));
};
/** Every combination. */
export function every<const F extends Factors>(factors: F): readonly Row<F>[] {
  let rows: readonly Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(factors)) rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  return rows.filter((row): row is Row<F> => Object.keys(factors).every((name) => row[name] !== undefined));
}
function pick<T>(random: Random, values: readonly T[]): T {
  const found = values[random.integer(0, values.length - 1)];
  if (found === undefined) throw new Error('there is nothing to pick from');
  return found;
}
