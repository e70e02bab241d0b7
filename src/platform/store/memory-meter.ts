/** The meter's part of the store in process memory. */
import { ok } from '#domain/result.ts';
import type { DocumentRow, HourRow, IntervalRow, MeterStore, MonthUnits, Placed, QuantityRow, UnitsRow } from './meter-port.ts';
import type { AuditEntry } from './port.ts';

const key = (...parts: readonly (string | number | null)[]): string => parts.join('\n');
const done = Promise.resolve(ok(undefined));
const give = <T>(value: T) => Promise.resolve(ok(value));
const HOUR_MS = 3_600_000;
const BY_THE_HOUR: readonly string[] = ['volume', 'snapshot'];

export function memoryMeter(audit: readonly AuditEntry[]): MeterStore {
  return { ...intervalsOf(), ...quantitiesOf(), ...documentsOf(), ...auditOf(audit) };
}
type IntervalMethods =
  | 'hoursBetween'
  | 'firstInterval'
  | 'rewriteIntervals'
  | 'recentIntervals'
  | 'intervalsOfItem'
  | 'unitsBetween'
  | 'sealMonth'
  | 'sealedMonths'
  | 'unsealFrom'
  | 'monthUnits';
function intervalsOf(): Pick<MeterStore, IntervalMethods> {
  const byResource = new Map<string, readonly IntervalRow[]>();
  const sealed = new Map<string, readonly MonthUnits[]>();
  const touching = (organization: string, from: number, to: number): readonly IntervalRow[] =>
    [...byResource]
      .filter(([id]) => id.startsWith(`${organization}\n`))
      .flatMap(([, rows]) => rows.filter((row) => row.from < to && (row.to === null || row.to > from)));
  const monthsOf = (organization: string): readonly string[] =>
    [...sealed.keys()].filter((id) => id.startsWith(`${organization}\n`)).map((id) => id.slice(organization.length + 1));
  return {
    rewriteIntervals: (organization, rewrites) => {
      for (const { resource, from, rows } of rewrites) {
        const known = byResource.get(key(organization, resource)) ?? [];
        const stands = known.filter((row) => row.from < from).map((row) => (row.to === null || row.to > from ? { ...row, to: from } : row));
        byResource.set(key(organization, resource), [...stands, ...structuredClone(rows)]);
      }
      return done;
    },
    recentIntervals: (organization, since) =>
      give(inOrder(touching(organization, since, Number.MAX_SAFE_INTEGER), ({ resource }) => resource)),
    intervalsOfItem: (organization, item, from, to) =>
      give(
        inOrder(
          touching(organization, from, to).filter((row) => row.item === item),
          ({ bornAt, resource }) => `${String(bornAt).padStart(16, '0')} ${resource}`,
        ),
      ),
    unitsBetween: (organization, app, from, to) =>
      give(
        sumUp(
          touching(organization, from, to).filter((row) => app === null || row.app === app),
          from,
          to,
        ),
      ),
    firstInterval: (organization) => {
      const starts = touching(organization, 0, Number.MAX_SAFE_INTEGER).map(({ from }) => from);
      return give(starts.length === 0 ? null : Math.min(...starts));
    },
    hoursBetween: (organization, from, to) =>
      give(
        runByHour(
          touching(organization, from, to).filter(({ rests, item }) => rests && item === 'compute'),
          from,
          to,
        ),
      ),
    sealMonth: (organization, month, rows) => {
      const id = key(organization, month);
      if (!sealed.has(id))
        sealed.set(
          id,
          rows.map((row) => ({ ...row, month })),
        );
      return done;
    },
    sealedMonths: (organization) => give([...monthsOf(organization)].sort()),
    unsealFrom: (organization, month) => {
      for (const one of monthsOf(organization)) if (one >= month) sealed.delete(key(organization, one));
      return done;
    },
    monthUnits: (organization, app, from, to) =>
      give(
        monthsOf(organization)
          .filter((month) => month >= from && month <= to)
          .sort()
          .flatMap((month) => (sealed.get(key(organization, month)) ?? []).filter((row) => app === null || row.app === app)),
      ),
  };
}
const inOrder = (rows: readonly IntervalRow[], by: (row: IntervalRow) => string): readonly IntervalRow[] =>
  [...rows].sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : a.from - b.from));
function sumUp(rows: readonly IntervalRow[], from: number, to: number): readonly UnitsRow[] {
  const sums = new Map<string, UnitsRow>();
  for (const row of rows) {
    const [started, ended] = [Math.max(row.from, from), Math.min(row.to ?? to, to)];
    if (ended <= started) continue;
    const hours = Math.ceil((ended - row.bornAt) / HOUR_MS) - Math.ceil((started - row.bornAt) / HOUR_MS);
    const units = BigInt(row.quantity) * BigInt(BY_THE_HOUR.includes(row.item) ? hours * HOUR_MS : ended - started);
    const { environment, app, group, region, item, cls, rests } = row;
    const id = key(environment, app, group, region, item, cls, String(rests));
    const known = sums.get(id);
    sums.set(id, {
      environment,
      app,
      group,
      region,
      item,
      cls,
      rests,
      units: (known?.units ?? 0n) + units,
      guessed: row.guessed || known?.guessed === true,
    });
  }
  const name = ({ app, group, region, item, cls }: Placed & { readonly item: string; readonly cls: string }): string =>
    key(app, group, region, item, cls);
  return [...sums.values()].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
function runByHour(rows: readonly IntervalRow[], from: number, to: number): readonly HourRow[] {
  const sums = new Map<string, HourRow>();
  for (const { environment, app, region, cls, ...row } of rows) {
    const [started, ended] = [Math.max(row.from, from), Math.min(row.to ?? to, to)];
    for (let hour = Math.floor(started / HOUR_MS) * HOUR_MS; hour < ended; hour += HOUR_MS) {
      const id = key(environment, app, region, cls, hour);
      const units = BigInt(Math.min(ended, hour + HOUR_MS) - Math.max(started, hour)) + (sums.get(id)?.units ?? 0n);
      sums.set(id, { environment, app, region, cls, hour, units });
    }
  }
  return [...sums.values()].sort((a, b) => a.hour - b.hour || (a.app < b.app ? -1 : 1));
}
function quantitiesOf(): Pick<MeterStore, 'saveQuantities' | 'quantities'> {
  const amounts = new Map<string, QuantityRow & { readonly organization: string }>();
  return {
    saveQuantities: (organization, rows) => {
      for (const row of rows) amounts.set(key(organization, row.app, row.region, row.item, row.cls, row.at), { ...row, organization });
      return done;
    },
    quantities: (organization, from, to) =>
      give(
        [...amounts.values()]
          .filter((row) => row.organization === organization && row.at >= from && row.at < to)
          .map(({ organization: _, ...row }) => row)
          .sort((a, b) => a.at - b.at || (key(a.app, a.item, a.cls) < key(b.app, b.item, b.cls) ? -1 : 1)),
      ),
  };
}
function documentsOf(): Pick<MeterStore, 'saveDocument' | 'removeDocument' | 'documents' | 'document'> {
  const all = new Map<string, DocumentRow & { readonly kind: string }>();
  return {
    saveDocument: (kind, row) => {
      all.set(key(kind, row.key), { ...structuredClone(row), kind });
      return done;
    },
    removeDocument: (kind, name) => give(all.delete(key(kind, name))),
    documents: (kind, limit) =>
      give(
        [...all.values()]
          .filter((row) => row.kind === kind)
          .map(({ kind: _, ...row }) => row)
          .sort((a, b) => b.at - a.at || (a.key < b.key ? 1 : -1))
          .slice(0, limit),
      ),
    document: (kind, name) => {
      const found = all.get(key(kind, name));
      return give(found === undefined ? null : { key: found.key, at: found.at, document: found.document });
    },
  };
}
const auditOf = (audit: readonly AuditEntry[]): Pick<MeterStore, 'countAudit'> => ({
  countAudit: ({ what, result, from, to }) => {
    const found = audit.filter((row) => row.what.startsWith(what) && row.result === result && row.at >= from && row.at < to);
    const groups = Map.groupBy(found, ({ environment, app }) => key(environment, app));
    const counts = [...groups.values()].flatMap((rows) =>
      rows.slice(0, 1).map(({ environment, app }) => ({ environment, app, count: rows.length })),
    );
    return give(counts.sort((a, b) => (key(a.environment, a.app) < key(b.environment, b.app) ? -1 : 1)));
  },
});
