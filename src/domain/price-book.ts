/** What things cost, as data: each line with its date and source. Micro-dollars; markups are factors on the price of compute.
 *  Source of all lines: the platform's pricing and billing pages, read 2026-08-07; markups per region from its public price calculator. */

/** The platform bills a month as 30 days. */
export const HOURS_PER_MONTH = 720;

export interface PriceBook {
  /** Per month, running. */
  readonly sharedCpu: number;
  readonly performanceCpu: number;
  /** Per GB of 1024 MB and month, running. */
  readonly memoryGb: number;
  /** Per GB and month, stopped or suspended. */
  readonly rootfsGb: number;
  readonly volumeGb: number;
  readonly dedicatedIpv4: number;
  readonly certificate: number;
  readonly wildcardCertificate: number;
  /** Per organization and month. */
  readonly freeCertificates: number;
  readonly regions: Readonly<Record<string, RegionPrice>>;
}
export interface RegionPrice {
  readonly markup: number;
  readonly area: string;
}
export const PRICE_BOOK: PriceBook = {
  sharedCpu: 695000,
  performanceCpu: 21000000,
  memoryGb: 5000000,
  rootfsGb: 150000,
  volumeGb: 150000,
  dedicatedIpv4: 2000000,
  certificate: 100000,
  wildcardCertificate: 1000000,
  freeCertificates: 10,
  regions: {
    ams: { markup: 1.038461538, area: 'europe' },
    arn: { markup: 1.038461538, area: 'europe' },
    atl: { markup: 1.25, area: 'north-america' },
    bog: { markup: 1.615384615, area: 'south-america' },
    bom: { markup: 1.076923077, area: 'india' },
    bos: { markup: 1.25, area: 'north-america' },
    cdg: { markup: 1.134615385, area: 'europe' },
    den: { markup: 1.25, area: 'north-america' },
    dfw: { markup: 1.25, area: 'north-america' },
    ewr: { markup: 1, area: 'north-america' },
    eze: { markup: 1.858173077, area: 'south-america' },
    fra: { markup: 1.153846154, area: 'europe' },
    gdl: { markup: 1.350961538, area: 'north-america' },
    gig: { markup: 1.615384615, area: 'south-america' },
    gru: { markup: 1.615384615, area: 'south-america' },
    hkg: { markup: 1.403846154, area: 'asia-pacific' },
    iad: { markup: 1, area: 'north-america' },
    jnb: { markup: 1.302884615, area: 'africa' },
    lax: { markup: 1.199519231, area: 'north-america' },
    lhr: { markup: 1.134615385, area: 'europe' },
    mad: { markup: 1.096153846, area: 'europe' },
    mia: { markup: 1.25, area: 'north-america' },
    nrt: { markup: 1.307692308, area: 'asia-pacific' },
    ord: { markup: 1.25, area: 'north-america' },
    otp: { markup: 1.326923077, area: 'europe' },
    phx: { markup: 1.25, area: 'north-america' },
    qro: { markup: 1.350961538, area: 'north-america' },
    scl: { markup: 1.697115385, area: 'south-america' },
    sea: { markup: 1.25, area: 'north-america' },
    sin: { markup: 1.269230769, area: 'asia-pacific' },
    sjc: { markup: 1.192307692, area: 'north-america' },
    syd: { markup: 1.269230769, area: 'oceania' },
    waw: { markup: 1.326923077, area: 'europe' },
    yul: { markup: 1.115384615, area: 'north-america' },
    yyz: { markup: 1.115384615, area: 'north-america' },
  },
};
/** Of a region the book does not name: the dearest known, so that nothing is free by mistake; the line says it is an estimate. */
export const DEAREST_MARKUP = Math.max(...Object.values(PRICE_BOOK.regions).map(({ markup }) => markup));
