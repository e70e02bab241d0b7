/** One piece of work about a key at a time, in this process: a pass and a person's command about the same app never run side by side. */
export interface Turns {
  take<T>(key: string, run: () => Promise<T>): Promise<T>;
}
export function makeTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take: async (key, run) => {
      const before = last.get(key) ?? Promise.resolve();
      // Whoever was before may have failed; that is told to whom it was done for.
      const mine = before.then(run, run);
      last.set(key, mine);
      try {
        return await mine;
      } finally {
        if (last.get(key) === mine) last.delete(key);
      }
    },
  };
}
