/** `trimtab audit`: who did what, from what to what, why, and how it ended. */
import type { AuditEntry } from '#platform/store/audit-port.ts';
import { type CliContext, type ExitCode, sayError, withOperator } from './context.ts';

export interface AuditWish {
  readonly environment: string | null;
  readonly app: string | null;
  readonly actor: string | null;
  readonly action: string | null;
  /** A day, an instant, or a span before now such as 24h. */
  readonly since: string | null;
  readonly until: string | null;
  readonly cursor: string | null;
  readonly limit: string;
  /** Page after page to the end. */
  readonly all: boolean;
}
const MOST = 1_000;
export function audit(context: CliContext, wish: AuditWish): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const limit = Number(wish.limit);
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST) return mistaken(context, `--limit is a whole number from 1 to ${MOST}`);
    const now = context.clock.now();
    const [since, until] = [wish.since, wish.until].map((text) => (text === null ? null : instantOf(text, now)));
    if (Number.isNaN(since) || Number.isNaN(until))
      return mistaken(
        context,
        '--since and --until are a day (2026-11-24), an instant (2026-11-24T12:00:00Z), or a span such as 24h or 7d',
      );
    const { environment, app, actor, action } = wish;
    const ask = { environment, app, actor, action, since: since ?? null, until: until ?? null };
    let cursor = wish.cursor;
    const entries: AuditEntry[] = [];
    do {
      const page = await operator.searchAudit({ ...ask, cursor, limit: wish.all ? MOST : limit }, context.signal);
      if (!page.ok) return sayError(context, page.error);
      cursor = page.value.next;
      if (!context.json) context.out(page.value.entries.map(rowText).join(''));
      else if (wish.all) entries.push(...page.value.entries);
      else context.out(`${JSON.stringify(page.value, null, 2)}\n`);
    } while (wish.all && cursor !== null);
    if (context.json && wish.all) context.out(`${JSON.stringify({ entries, next: null }, null, 2)}\n`);
    if (!context.json && cursor !== null) context.err(`older ones: --cursor ${cursor}\n`);
    return 0;
  });
}
function mistaken(context: CliContext, message: string): ExitCode {
  context.err(`error: ${message}\n`);
  return 1;
}
const SPAN = /^(\d+)([mhdw])$/;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
function instantOf(text: string, now: number): number {
  const [, count, unit] = SPAN.exec(text) ?? [];
  return count === undefined ? Date.parse(text) : now - Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
}
const rowText = ({ at, actor, environment, app, what, from, to, why, result }: AuditEntry): string => {
  const change = from === null && to === null ? '' : `: ${from ?? 'nothing'} → ${to ?? 'nothing'}`;
  return `${new Date(at).toISOString()}  ${actor}  ${environment}${app === null ? '' : `/${app}`}  ${what}${change}  (${why})  ${result}\n`;
};
