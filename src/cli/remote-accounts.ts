/** The accounts of a controller somewhere else, over its API. */
import { z } from 'zod';
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Accounts } from '#engine/accounts.ts';

type Query = Readonly<Record<string, string | readonly string[]>>;
export interface Calls {
  get<T>(path: string, query: Query, schema: z.ZodType<T>, signal: AbortSignal): Promise<Result<T, TrimtabError>>;
  post<T>(path: string, query: Query, schema: z.ZodType<T>, signal: AbortSignal): Promise<Result<T, TrimtabError>>;
}
/** Both sides are of one version: the frame is checked, the rest believed. */
const framed = <T>(keys: Readonly<Record<string, z.ZodType>>): z.ZodType<T> =>
  z.custom<T>((value) => z.looseObject(keys).safeParse(value).success);
const listed = <T>(keys: Readonly<Record<string, z.ZodType>>): z.ZodType<readonly T[]> => z.array(framed<T>(keys));
type Of<M extends keyof Accounts> = Extract<Awaited<ReturnType<Accounts[M]>>, { readonly ok: true }>['value'];
type Each<M extends keyof Accounts> = Of<M> extends readonly (infer T)[] ? T : never;

export function remoteAccounts({ get, post }: Calls): Accounts {
  const optional = (name: string, value: string | null): Query => (value === null ? {} : { [name]: value });
  const record = framed<Of<'weekRecord'>>({ week: z.string(), checklist: z.array(z.unknown()) });
  return {
    cost: ({ environment, month }, signal) =>
      get(
        'cost',
        { ...optional('environment', environment), ...optional('month', month) },
        listed<Each<'cost'>>({ organization: z.string(), entries: z.array(z.unknown()) }),
        signal,
      ),
    costDays: ({ environment, month }, signal) =>
      get(
        'cost/days',
        { ...optional('environment', environment), ...optional('month', month) },
        listed<Each<'costDays'>>({ organization: z.string(), day: z.string(), amount: z.number(), apps: z.array(z.unknown()) }),
        signal,
      ),
    addCostLine: ({ label, amount, monthly, from, to, note, by }, signal) =>
      post(
        'cost/lines',
        {
          label,
          amount: String(amount),
          monthly: String(monthly),
          from: String(from),
          note,
          by,
          ...optional('to', to === null ? null : String(to)),
        },
        framed<Of<'addCostLine'>>({ id: z.string() }),
        signal,
      ),
    removeCostLine: async (id, signal) => {
      const removed = await post('cost/lines/remove', { id }, z.unknown(), signal);
      return removed.ok ? ok(undefined) : removed;
    },
    actual: (amount, organization, by, signal) =>
      post(
        'cost/actual',
        { amount: String(amount), by, ...optional('organization', organization) },
        framed<Of<'actual'>>({ estimate: z.number() }),
        signal,
      ),
    whatIf: (environment, settings, signal) =>
      get(
        'cost/whatif',
        { ...optional('environment', environment), set: settings },
        framed<Of<'whatIf'>>({ apps: z.array(z.unknown()) }),
        signal,
      ),
    advise: (environment, signal) =>
      get('cost/advice', optional('environment', environment), listed<Each<'advise'>>({ what: z.string() }), signal),
    ackBudget: (budget, by, signal) => post('cost/ack', { budget, by }, framed<Of<'ackBudget'>>({ name: z.string() }), signal),
    weekRecord: (week, signal) => get('weeks/record', optional('week', week), record, signal),
    weekRecords: (signal) => get('weeks', {}, listed<Each<'weekRecords'>>({ week: z.string() }), signal),
    signWeek: (week, item, note, by, signal) => post('weeks/sign', { ...optional('week', week), item, note, by }, record, signal),
  };
}
