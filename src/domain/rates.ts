/** The price of one thing in one place, as an exact rate. What is priced is named by an item and a class: `compute` `shared:1:256`, `rootfs` `1`,
 *  `volume` `gb`, … Time is in milliseconds, quantities in the unit of the item. Pure. */
import type { MachineGuest } from './machine-config.ts';
import { HOURS_PER_MONTH, type Prices } from './price-book.ts';
import { NANO, type Rate } from './ratio.ts';
import { DEFAULT_GUEST } from './sizes.ts';

const HOUR_MS = 3_600_000n;
const MONTH_MS = BigInt(HOURS_PER_MONTH) * HOUR_MS;
const MB_PER_GB = 1_024n;
/** Transfer and stored bytes are counted in GB of 10^9. */
const BYTES_PER_GB = 1_000_000_000n;

/** Class of a volume that no machine uses: it costs the same. */
export const UNATTACHED = 'gb:unattached';
/** Stored snapshots are counted in whole MB of 10^6 bytes. */
const SNAPSHOT_MB_PER_GB = 1_000n;

/** Things that cost by time; `egress` and `private` by bytes. */
export const METERED_ITEMS = ['compute', 'rootfs', 'volume', 'snapshot', 'address', 'certificate', 'egress', 'private'] as const;
export type MeteredItem = (typeof METERED_ITEMS)[number];
/** Null: no item of this version. */
export const toMeteredItem = (word: string): MeteredItem | null => METERED_ITEMS.find((item) => item === word) ?? null;

export interface Priced {
  readonly rate: Rate;
  /** What the price rests on that is not known; null: nothing. */
  readonly guess: string | null;
}
/** `shared:1:256`, with a GPU `performance:8:32768:a10:1`; of a machine whose size nobody tells, `?`. */
export function classOfGuest(guest: MachineGuest | null | undefined): string {
  if (guest === null) return '?';
  const { cpu_kind: kind = 'shared', cpus = 1, memory_mb: memory = 256, gpu_kind: gpu, gpus = 0 } = { ...DEFAULT_GUEST, ...guest };
  const count = gpu !== undefined && gpus === 0 ? 1 : gpus;
  return [kind, cpus, memory, ...(count === 0 ? [] : [gpu ?? '?', count])].join(':');
}

/** Per millisecond of one thing; of transfer per byte. */
export function rateOf(prices: Prices, item: MeteredItem, cls: string, region: string): Priced {
  switch (item) {
    case 'compute':
      return computeRate(prices, cls, region);
    case 'rootfs':
      return cls === '?'
        ? guessed(perMonth(prices.nano('machine.rootfs')), 'unknown size of the root file system')
        : known(perMonth(prices.nano('machine.rootfs')));
    case 'volume':
      return known(perMonth(prices.nano('volume.storage')));
    case 'snapshot': {
      const { nano, per } = perMonth(prices.nano('snapshot.storage'));
      return known({ nano, per: per * SNAPSHOT_MB_PER_GB });
    }
    case 'address':
      return known(cls === 'egress' ? { nano: prices.nano('address.egress'), per: HOUR_MS } : perMonth(prices.nano('address.ipv4')));
    case 'certificate':
      return known(perMonth(prices.nano(cls === 'wildcard' ? 'certificate.wildcard' : 'certificate.single')));
    case 'egress':
    case 'private': {
      const area = prices.regions.get(region)?.area;
      const rate = { nano: prices.nano(`${item}.${area ?? prices.dearestArea}`), per: BYTES_PER_GB };
      return area === undefined ? guessed(rate, 'unknown region') : known(rate);
    }
  }
}
const known = (rate: Rate): Priced => ({ rate, guess: null });
const guessed = (rate: Rate, guess: string): Priced => ({ rate, guess });
const perMonth = (nano: bigint): Rate => ({ nano, per: MONTH_MS });

/** (CPUs and memory) × the region's markup, and the GPUs beside it. What the book does not know is taken at its dearest. */
function computeRate(prices: Prices, cls: string, region: string): Priced {
  const [kind = '', cpus = '1', memory = '256', gpu, gpus = '0'] = cls === '?' ? ['shared', '1', '256'] : cls.split(':');
  const cpuItem = kind === 'shared' ? 'machine.shared.cpu' : 'machine.performance.cpu';
  const perMonthTimesMb = BigInt(cpus) * prices.nano(cpuItem) * MB_PER_GB + BigInt(memory) * prices.nano('machine.memory');
  const place = prices.regions.get(region) ?? prices.regions.get(prices.dearestRegion);
  const knownGpu = gpu === undefined || prices.lines.has(`gpu.${gpu}`);
  const gpuHour = gpu === undefined ? 0n : BigInt(gpus) * prices.nano(`gpu.${knownGpu ? gpu : (prices.dearestGpu ?? '')}`);
  const per = MONTH_MS * MB_PER_GB * NANO;
  const nano = perMonthTimesMb * (place?.markup ?? NANO) + gpuHour * BigInt(HOURS_PER_MONTH) * MB_PER_GB * NANO;
  const guess =
    cls === '?' || (kind !== 'shared' && kind !== 'performance')
      ? 'unknown size'
      : !knownGpu
        ? 'unknown GPU'
        : prices.regions.has(region)
          ? null
          : 'unknown region';
  return { rate: { nano, per }, guess };
}
