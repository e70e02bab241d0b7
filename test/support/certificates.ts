/** An authority of one test file, and what it certifies. */
import { generate } from 'selfsigned';
import { type Instant, instant } from '#domain/units.ts';

export interface Authority {
  readonly ca: string;
  /** `days`: from now until its end; negative: it ended so long ago. */
  certify(host: string, days: number): Promise<Certified>;
}
export interface Certified {
  readonly key: string;
  readonly cert: string;
}
const DAY_MS = 86_400_000;

export async function makeAuthority(now: Instant): Promise<Authority> {
  const made = await generate([{ name: 'commonName', value: 'An authority for tests' }], {
    ...KIND,
    notBeforeDate: new Date(now - 900 * DAY_MS),
    notAfterDate: new Date(now + 900 * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    ca: made.cert,
    certify: async (host, days) => {
      const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
        ...KIND,
        ca: { key: made.private, cert: made.cert },
        notBeforeDate: new Date(now - 400 * DAY_MS),
        notAfterDate: new Date(instant(now + days * DAY_MS)),
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
      });
      return { key, cert };
    },
  };
}
const KIND = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
