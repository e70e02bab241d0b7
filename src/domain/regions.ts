/** The platform's regions (its public list, 2026-08-07). Closed ones take no new machines but still stand on old ones. */
export const OPEN_REGIONS: readonly string[] = 'ams arn bom cdg dfw ewr fra gru iad jnb lax lhr nrt ord sin sjc syd yyz'.split(' ');
const CLOSED_REGIONS: readonly string[] = 'atl bog bos den eze gdl gig hkg mad mia otp phx qro scl sea waw yul'.split(' ');
export const REGIONS: readonly string[] = [...OPEN_REGIONS, ...CLOSED_REGIONS].sort();

const KNOWN = new Set(REGIONS);
const OPEN = new Set(OPEN_REGIONS);
export const isKnownRegion = (region: string): boolean => KNOWN.has(region);
export const isOpenRegion = (region: string): boolean => OPEN.has(region);
