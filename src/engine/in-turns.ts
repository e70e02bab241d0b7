/** Work side by side, never more than so many at once; the answers are in the order of the items. */
export async function inTurns<T, R>(items: readonly T[], atATime: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const answers = new Map<number, R>();
  const waiting = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) answers.set(next[0], await work(next[1]));
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  return [...answers].sort(([a], [b]) => a - b).map(([, answer]) => answer);
}
