/** What a database on Neon costs, from its consumption as the provider reports it, day by day. Pure.
 *  Source: the provider's page on usage and cost calculations (prices-neon.json): a month is 744 hours, a GB is 10^9 bytes, stored bytes come as
 *  byte-hours, and 100 GB of public transfer a month are free for the whole organization. */
import { type CostEntry, organizationEntry } from './ledger.ts';
import type { Prices } from './price-book.ts';
import { NEON_PLANS } from './price-lines.ts';
import { amountOf, NANO, type Rate } from './ratio.ts';

/** As the provider names them; all are asked for. */
export const NEON_METRICS: readonly string[] = [
  'compute_unit_seconds',
  'root_branch_bytes_month',
  'child_branch_bytes_month',
  'instant_restore_bytes_month',
  'snapshot_storage_bytes_month',
  'public_network_transfer_bytes',
  'private_network_transfer_bytes',
  'extra_branches_month',
];
/** The item under which consumption is stored: class `plan/metric`, app the project. */
export const NEON_ITEM = 'neon';

export interface NeonAmount {
  readonly environment: string | null;
  /** The project. */
  readonly app: string;
  readonly item: string;
  /** `plan/metric`. */
  readonly cls: string;
  readonly quantity: number;
}
const GB = 1_000_000_000n;
const MONTH_HOURS = 744n;
const HOURS_PER_DAY = 24;

/** Per project, plan and metric; the free transfer is the organization's, for the span that is asked for. */
export function neonEntries(amounts: readonly NeonAmount[], prices: Prices): readonly CostEntry[] {
  const own = amounts.filter(({ item }) => item === NEON_ITEM);
  const groups = Map.groupBy(own, ({ app, cls }) => `${app} ${cls}`);
  const entries = [...groups.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const [plan = '', metric = ''] = first.cls.split('/');
    const priced = pricedAs(plan);
    const rate = neonRate(prices, priced, metric);
    if (rate === null) return [];
    const units = all.reduce((sum, { quantity }) => sum + billable(prices, priced, metric, quantity), 0n);
    const guess = priced === plan ? null : `unknown plan ${plan}`;
    return [{ ...organizationEntry('database', metric, '', amountOf(rate, units), guess), environment: first.environment, app: first.app }];
  });
  return [...entries, ...freeTransfer(own, prices)];
}
/** Agent and Enterprise plans have the rates of Scale; what is not known is priced like it. */
const pricedAs = (plan: string): string => NEON_PLANS.find((known) => plan.startsWith(known)) ?? 'scale';
function neonRate(prices: Prices, plan: string, metric: string): Rate | null {
  const price = (item: string): bigint => prices.nano(`neon.${plan}.${item}`);
  switch (metric) {
    case 'compute_unit_seconds':
      return { nano: price('compute'), per: 3_600n };
    case 'root_branch_bytes_month':
    case 'child_branch_bytes_month':
      return { nano: price('storage'), per: MONTH_HOURS * GB };
    case 'instant_restore_bytes_month':
      return { nano: price('history'), per: MONTH_HOURS * GB };
    case 'snapshot_storage_bytes_month':
      return { nano: price('snapshot'), per: MONTH_HOURS * GB };
    case 'public_network_transfer_bytes':
      return { nano: price('transfer'), per: GB };
    case 'private_network_transfer_bytes':
      return { nano: price('private'), per: GB };
    case 'extra_branches_month':
      return { nano: price('branch'), per: MONTH_HOURS };
    default:
      return null;
  }
}
/** Branches are told with those that the plan includes: a day of theirs is free. */
function billable(prices: Prices, plan: string, metric: string, quantity: number): bigint {
  if (metric !== 'extra_branches_month') return BigInt(Math.round(quantity));
  const included = Number(prices.nano(`neon.${plan}.branches`) / NANO) - 1;
  return BigInt(Math.max(0, Math.round(quantity) - included * HOURS_PER_DAY));
}
function freeTransfer(amounts: readonly NeonAmount[], prices: Prices): readonly CostEntry[] {
  const transfers = amounts.filter(({ cls }) => cls.endsWith('/public_network_transfer_bytes'));
  const [first] = transfers;
  if (first === undefined) return [];
  const plan = pricedAs(first.cls.split('/')[0] ?? '');
  const free = (prices.nano(`neon.${plan}.transfer.free`) / NANO) * GB;
  const used = transfers.reduce((sum, { quantity }) => sum + BigInt(Math.round(quantity)), 0n);
  const amount = amountOf({ nano: prices.nano(`neon.${plan}.transfer`), per: GB }, used < free ? used : free);
  return amount === 0 ? [] : [organizationEntry('database', 'free transfer', '', -amount)];
}
