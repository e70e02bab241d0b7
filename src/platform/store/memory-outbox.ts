/** The outbox of the store in memory. */
import { ok } from '#domain/result.ts';
import type { KeptNotice, OutboxStore, ToldRow } from './outbox-port.ts';

interface Row extends KeptNotice {
  readonly nextAt: number;
  readonly claimedBy: string | null;
  readonly claimedUntil: number;
}
const give = <T>(value: T) => Promise.resolve(ok(value));
export function makeMemoryOutbox(): OutboxStore {
  const told = new Map<string, ToldRow>();
  /** In the order they came. */
  const rows = new Map<string, Row>();
  const threads = new Map<string, { readonly reference: string; readonly at: number }>();
  const keyOf = ({ id, target }: { readonly id: string; readonly target: string }): string => `${target}\n${id}`;
  const waiting = (): readonly Row[] => [...rows.values()].filter(({ state }) => state === 'waiting');
  return {
    told: (environment) => give(structuredClone(told.get(environment) ?? null)),
    saveTold: (environment, memory, version, notices) => {
      if ((told.get(environment)?.version ?? 0) !== version) return give(null);
      told.set(environment, structuredClone({ version: version + 1, memory }));
      for (const notice of structuredClone(notices))
        if (!rows.has(keyOf(notice))) {
          const fresh = {
            state: 'waiting',
            attempts: 0,
            note: '',
            endedAt: null,
            nextAt: notice.at,
            claimedBy: null,
            claimedUntil: 0,
          } as const;
          rows.set(keyOf(notice), { ...notice, ...fresh });
        }
      return give(version + 1);
    },
    claimNotices: ({ by, now, until, except }) => {
      const busy = new Set([...except, ...waiting().flatMap((row) => (row.claimedUntil > now ? [row.target] : []))]);
      const open = new Set<string>();
      const claimed: Row[] = [];
      for (const row of waiting()) {
        const thread = `${row.target}\n${row.thread}`;
        const first = !open.has(thread);
        open.add(thread);
        if (!first || row.nextAt > now || busy.has(row.target)) continue;
        busy.add(row.target);
        const taken = { ...row, claimedBy: by, claimedUntil: until, attempts: row.attempts + 1 };
        rows.set(keyOf(row), taken);
        claimed.push(taken);
      }
      return give(
        claimed
          .sort((a, b) => (a.target < b.target ? -1 : 1))
          .map(({ id, target, environment, thread, notice, at, attempts }) => ({
            ...structuredClone({ id, target, environment, thread, notice, at, attempts }),
            reference: threads.get(`${target}\n${thread}`)?.reference ?? null,
          })),
      );
    },
    delayNotice: ({ id, target, by, nextAt, note }) => {
      const row = rows.get(keyOf({ id, target }));
      if (row?.state === 'waiting' && row.claimedBy === by)
        rows.set(keyOf(row), { ...row, claimedBy: null, claimedUntil: 0, nextAt, note });
      return give(undefined);
    },
    endNotice: ({ id, target, thread, end, at, note, reference }) => {
      const row = rows.get(keyOf({ id, target }));
      if (row !== undefined) rows.set(keyOf(row), { ...row, state: end, endedAt: at, note, claimedBy: null, claimedUntil: 0 });
      const known = threads.has(`${target}\n${thread}`);
      if (reference !== null && !known) threads.set(`${target}\n${thread}`, { reference, at });
      return give(undefined);
    },
    noticeQueue: () => {
      const groups = Map.groupBy(waiting(), ({ target, environment }) => `${target}\n${environment}`);
      const queues = [...groups.values()].flatMap((group) => {
        const [first] = group;
        const oldestAt = Math.min(...group.map(({ at }) => at));
        return first === undefined ? [] : [{ target: first.target, environment: first.environment, waiting: group.length, oldestAt }];
      });
      return give(queues.sort((a, b) => (a.target < b.target ? -1 : 1)));
    },
    notices: (environment, limit) =>
      give(
        [...rows.values()]
          .filter((row) => environment === null || row.environment === environment)
          .reverse()
          .slice(0, limit)
          .map(({ nextAt: _next, claimedBy: _by, claimedUntil: _until, ...kept }) => structuredClone(kept)),
      ),
    forgetNotices: (before) => {
      for (const [key, { endedAt }] of rows) if (endedAt !== null && endedAt < before) rows.delete(key);
      for (const [key, { at }] of threads) if (at < before) threads.delete(key);
      return give(undefined);
    },
  };
}
