/** The audit and the messages of a controller somewhere else. */
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { AuditDesk, AuditPage } from '#engine/audit-desk.ts';
import type { NotificationsAnswer, NotifyDesk, TestedTarget } from '#engine/notices/desk.ts';
import type { Operator } from '#engine/operator.ts';

type Query = Readonly<Record<string, string>>;
type Ask = <T>(path: string, query: Query, schema: z.ZodType<T>, signal: AbortSignal) => Promise<Result<T, TrimtabError>>;
const frame = <T>(schema: z.ZodType): z.ZodType<T> => z.custom<T>((value) => schema.safeParse(value).success);
const Page = frame<AuditPage>(
  z.looseObject({ entries: z.array(z.looseObject({ at: z.number(), what: z.string() })), next: z.string().nullable() }),
);
const Tested = frame<readonly TestedTarget[]>(z.array(z.looseObject({ environment: z.string(), target: z.string() })));
const Messages = frame<NotificationsAnswer>(z.looseObject({ targets: z.array(z.unknown()), messages: z.array(z.unknown()) }));
const given = (query: Readonly<Record<string, string | number | null>>): Query =>
  Object.fromEntries(Object.entries(query).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])));

export function remoteAudit({ get, post }: { readonly get: Ask; readonly post: Ask }): AuditDesk & NotifyDesk & Pick<Operator, 'audit'> {
  return {
    searchAudit: (ask, signal) => get('audit', given({ ...ask }), Page, signal),
    audit: async (selection, limit, signal) => {
      const page = await get('audit', given({ ...selection, limit }), Page, signal);
      return page.ok ? ok(page.value.entries) : page;
    },
    notifications: (environment, limit, signal) => get('notifications', given({ environment, limit }), Messages, signal),
    notifyTest: (environment, target, by, signal) => post('notifications/test', given({ environment, target, by }), Tested, signal),
  };
}
