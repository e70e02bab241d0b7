/** Where money could be saved: each proposal with what it saves in a month, what it would cost in comfort, and the exact change. Pure. */
import type { CostEntry } from './ledger.ts';
import { totalOf } from './ledger.ts';
import { computePerHour, restPerHour } from './price.ts';
import { HOURS_PER_MONTH, type Prices } from './price-book.ts';
import { UNATTACHED } from './rates.ts';
import { amountOf, NANO } from './ratio.ts';
import type { CompiledApp, CompiledEnvironment } from './revision.ts';
import { type MicroUsd, microUsd } from './units.ts';

export const PROPOSALS = [
  'idle',
  'floor',
  'memory',
  'volume',
  'address',
  'rootfs',
  'unmanaged',
  'snapshot',
  'authentik',
  'reservation',
] as const;
export type ProposalKind = (typeof PROPOSALS)[number];
export interface Proposal {
  readonly kind: ProposalKind;
  /** One sentence. */
  readonly what: string;
  readonly environment: string | null;
  readonly app: string;
  /** A month of 720 hours. */
  readonly saves: MicroUsd;
  /** What the figure rests on, or what gets worse. */
  readonly note: string;
  /** To be written into the file that is named in its first line, or a command. */
  readonly change: string;
}
/** Something that goes on costing now. */
export interface Holding {
  readonly resource: string;
  readonly environment: string | null;
  readonly app: string;
  readonly group: string;
  readonly region: string;
  readonly subject: string;
  readonly item: string;
  readonly cls: string;
  /** Per hour. */
  readonly amount: MicroUsd;
  readonly heldForMs: number;
}
export interface AdviceInput {
  readonly environments: readonly CompiledEnvironment[];
  readonly holdings: readonly Holding[];
  readonly prices: Prices;
  /** Most memory that a machine of this app used lately, in MB; absent: the platform's metrics were not asked. */
  readonly peakMemoryMb: ReadonlyMap<string, number>;
  /** Entries of the last whole month of hours (720 h) or of what is known of it. */
  readonly month: readonly CostEntry[];
}
const monthly = (perHour: number): MicroUsd => microUsd(perHour * HOURS_PER_MONTH);
const DAY_MS = 86_400_000;
/** Awake on workdays from eight to eight: what a team's environment needs when nothing else is known. */
const OFFICE_SHARE = 60 / 168;

export function adviseAll(input: AdviceInput): readonly Proposal[] {
  const all = [
    ...input.environments.flatMap((environment) => environment.apps.flatMap((app) => adviseApp(input, environment, app))),
    ...input.holdings.flatMap((holding) => adviseHolding(holding)),
    ...adviseUnmanaged(input),
    ...adviseSnapshots(input),
    ...adviseReservations(input),
  ];
  return all.filter(({ saves }) => saves > 0).sort((a, b) => b.saves - a.saves || (a.what < b.what ? -1 : 1));
}
function adviseApp(input: AdviceInput, environment: CompiledEnvironment, app: CompiledApp): readonly Proposal[] {
  if (app.excluded || !app.enabled) return [];
  const of = { environment: environment.name, app: app.app };
  const file = `# desired-state/${environment.name}: App ${app.name}`;
  const serving = environment.protection === 'production';
  const perGroup = app.groups.flatMap((group): Proposal[] => {
    const running = group.regions.reduce((sum, { region, min }) => sum + computePerHour(group.config, region, input.prices) * min, 0);
    const count = group.regions.reduce((sum, { min }) => sum + min, 0);
    if (count === 0) return [];
    const rest = restPerHour(input.prices) * count;
    const note = serving
      ? 'the first request after a pause waits for the boot; counted as awake on workdays, 12 hours'
      : 'counted as awake on workdays, 12 hours';
    const yaml = (facts: string): string => `${file}\nspec: { groups: { ${group.name}: { ${facts} } } }`;
    if (group.autostop === 'off' && (group.config.services ?? []).length > 0)
      return [
        {
          ...of,
          kind: 'idle',
          what: `${app.name} (${group.name}) always runs: let idle machines stop`,
          saves: monthly((running - rest) * (1 - OFFICE_SHARE)),
          note,
          change: yaml('autostop: stop, minMachinesRunning: 0'),
        },
      ];
    const floor = Math.min(group.minMachinesRunning, count);
    if (group.autostop !== 'off' && floor > 0)
      return [
        {
          ...of,
          kind: 'floor',
          what: `${app.name} (${group.name}) keeps ${floor} machine(s) awake: let the last one rest too`,
          saves: monthly(((running - rest) / count) * floor * (1 - OFFICE_SHARE)),
          note,
          change: yaml('minMachinesRunning: 0'),
        },
      ];
    return [];
  });
  const isPrivate = app.visibility === 'private' || app.groups.every((group) => (group.config.services ?? []).length === 0);
  const addresses = isPrivate ? input.holdings.filter((one) => one.app === app.app && one.item === 'address' && one.cls === 'ipv4') : [];
  const dedicated = addresses.map(
    (one): Proposal => ({
      ...of,
      kind: 'address',
      what: `${app.name} is private and has the dedicated address ${one.subject}`,
      saves: monthly(one.amount),
      note: 'an address that is given back is lost',
      change: `fly ips release ${one.subject} -a ${app.app}`,
    }),
  );
  const authentik = /authentik/.test(app.name) && !environment.apps.some(({ dependsOn }) => dependsOn.includes(app.name));
  const held = totalOf(input.holdings.filter((one) => one.app === app.app));
  const switched: readonly Proposal[] =
    authentik && held > 0
      ? [
          {
            ...of,
            kind: 'authentik',
            what: `${app.name} costs this whether or not anybody signs in`,
            saves: monthly(held),
            note: 'nothing here depends on it; its volumes go on costing',
            change: `${file}\nspec: { enabled: false }`,
          },
        ]
      : [];
  return [...perGroup, ...dedicated, ...switched, ...adviseMemory(input, environment, app)];
}
const STEP_MB = 256;
function adviseMemory({ peakMemoryMb, prices }: AdviceInput, environment: CompiledEnvironment, app: CompiledApp): readonly Proposal[] {
  const peak = peakMemoryMb.get(app.app);
  if (peak === undefined) return [];
  return app.groups.flatMap((group) => {
    const { cpu_kind: kind = 'shared', cpus = 1, memory_mb: memory = STEP_MB } = group.config.guest ?? {};
    const least = cpus * (kind === 'shared' ? STEP_MB : 2_048);
    const step = kind === 'shared' ? STEP_MB : 1_024;
    const enough = Math.max(least, Math.ceil((peak * 1.5) / step) * step);
    if (enough >= memory) return [];
    const smaller = { ...group.config, guest: { ...group.config.guest, memory_mb: enough } };
    const saves = group.regions.reduce(
      (sum, { region, min }) => sum + (computePerHour(group.config, region, prices) - computePerHour(smaller, region, prices)) * min,
      0,
    );
    const change = `# desired-state/${environment.name}: App ${app.name}\nspec: { groups: { ${group.name}: { vm: { memory: ${enough}mb } } } }`;
    return [
      {
        kind: 'memory' as const,
        what: `${app.name} (${group.name}) has ${memory} MB and used at most ${Math.round(peak)} MB`,
        environment: environment.name,
        app: app.app,
        saves: monthly(saves),
        note: 'half as much again as the most that was seen',
        change,
      },
    ];
  });
}
/** Long enough that nobody is about to use it again. */
const LEFT_FOR_MS = 7 * DAY_MS;
function adviseHolding({ item, cls, subject, environment, app, amount, heldForMs, resource }: Holding): readonly Proposal[] {
  const days = Math.floor(heldForMs / DAY_MS);
  if (item === 'volume' && cls === UNATTACHED)
    return [
      {
        kind: 'volume',
        what: `volume ${subject} of ${app} is attached to nothing`,
        environment,
        app,
        saves: monthly(amount),
        note: `for ${days} days; what is on it is lost when it is deleted`,
        change: `fly volumes snapshots create ${resource}   # keeps what is on it for some days\nfly volumes destroy ${resource}`,
      },
    ];
  if (item === 'rootfs' && heldForMs >= LEFT_FOR_MS * 4)
    return [
      {
        kind: 'rootfs',
        what: `machine ${subject} of ${app} has been stopped for ${days} days`,
        environment,
        app,
        saves: monthly(amount),
        note: 'its root file system is kept',
        change: `fly machine destroy ${resource} -a ${app}`,
      },
    ];
  return [];
}
function adviseUnmanaged({ holdings }: AdviceInput): readonly Proposal[] {
  const unmanaged = holdings.filter(({ environment, app }) => environment === null && app !== '');
  return [...Map.groupBy(unmanaged, ({ app }) => app)].map(([app, all]) => ({
    kind: 'unmanaged',
    what: `${app} is in no git folder`,
    environment: null,
    app,
    saves: monthly(totalOf(all)),
    note: 'if nobody needs it; otherwise take it in, so that it has an owner',
    change: `trimtab import <environment> --org <org> --app ${app}   # or: fly apps destroy ${app}`,
  }));
}
function adviseSnapshots({ holdings, prices }: AdviceInput): readonly Proposal[] {
  const snapshots = holdings.filter(({ item }) => item === 'snapshot');
  const free = Number(prices.nano('snapshot.free') / NANO);
  const saves = monthly(totalOf(snapshots)) - amountOf({ nano: prices.nano('snapshot.storage'), per: 1n }, BigInt(free));
  const [first] = [...snapshots].sort((a, b) => b.amount - a.amount);
  if (saves <= 0 || first === undefined) return [];
  return [
    {
      kind: 'snapshot',
      what: `${snapshots.length} snapshots hold more than the free ${free} GB`,
      environment: null,
      app: first.app,
      saves: microUsd(saves),
      note: 'fewer days to go back',
      change: `fly volumes update ${first.subject.split(' ')[0] ?? ''} --snapshot-retention 2 -a ${first.app}`,
    },
  ];
}
/** Blocks whose whole credit would have been used. Largest first. */
function adviseReservations({ holdings, prices }: AdviceInput): readonly Proposal[] {
  const always = holdings.filter(({ item }) => item === 'compute');
  const places = Map.groupBy(always, ({ cls, region }) => `${cls.split(':')[0]} ${region}`);
  const blocks = [...prices.lines.keys()].flatMap((item) => {
    const [, kind, credit] = /^reservation\.(shared|performance)\.(\d+)$/.exec(item) ?? [];
    return kind === undefined ? [] : [{ item, kind, credit: Number(credit) * 1_000_000 }];
  });
  return [...places].flatMap(([place, all]) => {
    const [kind = '', region = ''] = place.split(' ');
    let left: number = monthly(totalOf(all));
    let [saves, credited, paid] = [0, 0, 0];
    const bought: string[] = [];
    for (const { item, credit } of blocks.filter((block) => block.kind === kind).sort((a, b) => b.credit - a.credit)) {
      const count = Math.floor(left / credit);
      if (count === 0) continue;
      const price = amountOf({ nano: prices.nano(item), per: 12n }, 1n);
      saves += count * (credit - price);
      credited += count * credit;
      paid += count * price * 12;
      left -= count * credit;
      bought.push(`${count} × ${item}`);
    }
    return saves <= 0
      ? []
      : [
          {
            kind: 'reservation' as const,
            what: `${kind} machines in ${region} always run: reserve ${bought.join(' and ')}`,
            environment: null,
            app: '',
            saves: microUsd(saves),
            note: 'paid a year ahead; credit that is not used is lost',
            change: `# buy in the dashboard, then in the file of TRIMTAB_PRICE_BOOK, with the first day of that month as since\nreservations: [ { class: ${kind}, region: ${region}, creditPerMonth: "${credited / 1_000_000}", perYear: "${paid / 1_000_000}" } ]`,
          },
        ];
  });
}
