/** HTTP through an edge that stands for the whole platform on this machine: it speaks plain HTTP, is told the host, and says in a header what its
 *  certificate would be. Hosts that it does not serve are asked as ever. */

import { z } from 'zod';
import { err, ok } from '#domain/result.ts';
import { instant } from '#domain/units.ts';
import { faultOf } from './faults.ts';
import type { HttpTransport } from './http.ts';

export interface EdgeOptions {
  readonly edge: HttpTransport;
  readonly others: HttpTransport;
}
const SERVED = /\.fly\.dev$/;
const HEADER = 'fly-simulated-certificate';
const Certificate = z.object({ validTo: z.number(), problem: z.string().nullable() });

export const makeEdgeHttp = ({ edge, others }: EdgeOptions): HttpTransport => ({
  get: async (url, signal) => {
    if (!SERVED.test(url.hostname)) return others.get(url, signal);
    const got = await edge.get(url, signal);
    if (!got.ok || url.protocol !== 'https:') return got;
    const { [HEADER]: told, ...headers } = got.value.headers;
    const certificate = Certificate.safeParse(parseOrNull(told ?? ''));
    if (!certificate.success) return err(faultOf('EPROTO'));
    const { problem, validTo } = certificate.data;
    return problem === null ? ok({ ...got.value, headers, validTo: instant(validTo) }) : err(faultOf(problem));
  },
});
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
