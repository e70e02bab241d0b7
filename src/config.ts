/** Configuration from environment variables, parsed once. The README has the same table. Empty means unset. */
import { join } from 'node:path';
import { z } from 'zod';
import { TimeZone } from '#domain/desired-scalars.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const span = z.coerce.number().int().min(1);
const flag = z.enum(['1', 'true', '0', 'false']).transform((word) => word === '1' || word === 'true');
const Variables = z.object({
  FLY_API_TOKEN: z.string().optional(),
  FLY_FLAPS_BASE_URL: z.url().optional(),
  FLY_API_BASE_URL: z.url().optional(),
  FLY_UIEX_BASE_URL: z.url().optional(),
  FLY_APP_NAME: z.string().optional(),
  TRIMTAB_DATABASE_URL: z.string().optional(),
  TRIMTAB_DATA_DIR: z.string().optional(),
  TRIMTAB_STATE_KEY: z.string().min(16, 'expected at least 16 characters').optional(),
  TRIMTAB_EXEC_SECONDS: span.default(300),
  TRIMTAB_SOURCE: z.string().optional(),
  FLY_METRICS_TOKEN: z.string().optional(),
  FLY_METRICS_BASE_URL: z.url().optional(),
  NEON_API_KEY: z.string().optional(),
  NEON_ORG_ID: z.string().optional(),
  NEON_API_BASE_URL: z.url().optional(),
  TRIMTAB_PRICE_BOOK: z.string().optional(),
  TRIMTAB_LANG: z.enum(['en', 'ja']).default('en'),
  TRIMTAB_TIME_ZONE: TimeZone.default('UTC'),
  TRIMTAB_GIT_TOKEN: z.string().optional(),
  TRIMTAB_GIT_KEY_FILE: z.string().optional(),
  TRIMTAB_GIT_KNOWN_HOSTS_FILE: z.string().optional(),
  TRIMTAB_WEBHOOK_SECRET: z.string().min(16, 'at least 16 characters: anybody who guesses it can wake trimtab').optional(),
  TRIMTAB_HEARTBEAT_URL: z.url({ protocol: /^https?$/ }).optional(),
  TRIMTAB_SERVER: z.url().optional(),
  TRIMTAB_SERVER_TOKEN: z.string().optional(),
  TRIMTAB_READING: z.enum(['open', 'token']).default('open'),
  TRIMTAB_HOST: z.string().default('127.0.0.1'),
  TRIMTAB_PORT: port.default(8_080),
  TRIMTAB_READ_ONLY: flag.default(false),
  TRIMTAB_TICK_SECONDS: span.default(2),
  TRIMTAB_POLL_SECONDS: span.default(15),
  TRIMTAB_RESYNC_SECONDS: span.default(60),
  TRIMTAB_SIMULATOR_PORT: port.default(4_280),
  TRIMTAB_EDGE_PORT: port.default(4_281),
  TRIMTAB_SIMULATOR_SPEED: z.coerce.number().min(1).max(1_000).default(1),
});

export interface Config {
  /** Null: the embedded simulator. */
  readonly flyToken: string | null;
  readonly flapsBaseUrl: string;
  readonly apiBaseUrl: string;
  readonly uiexBaseUrl: string;
  readonly selfApp: string | null;
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /** Null: one is made in the data folder. */
  readonly stateKey: string | null;
  readonly execS: number;
  readonly source: string;
  /** Null: transfer is not asked for. */
  readonly metrics: { readonly token: string; readonly baseUrl: string } | null;
  /** Null: a database's consumption is not asked for. */
  readonly neon: { readonly token: string; readonly organizationId: string; readonly baseUrl: string } | null;
  /** Of reports. */
  readonly language: 'en' | 'ja';
  /** Where the team's weeks and days begin. */
  readonly timeZone: string;
  /** A file of one's own prices over the shipped ones. */
  readonly priceBook: string | null;
  /** `TRIMTAB_SOURCE_<ENVIRONMENT>`: environments with a branch, a path or a repository of their own, by name. */
  readonly sources: ReadonlyMap<string, string>;
  readonly gitToken: string | null;
  readonly gitKeyFile: string | null;
  readonly gitKnownHostsFile: string | null;
  /** Null: no webhook is answered. */
  readonly webhookSecret: string | null;
  /** Called after each complete observation; null: nothing is. */
  readonly heartbeatUrl: string | null;
  readonly server: { readonly url: string; readonly token: string | null } | null;
  /** Who may read pages and API: anybody who reaches them, or who has a token. */
  readonly reading: 'open' | 'token';
  readonly host: string;
  readonly port: number;
  readonly readOnly: boolean;
  readonly tickS: number;
  readonly pollS: number;
  readonly resyncS: number;
  readonly simulatorPort: number;
  readonly edgePort: number;
  /** The simulated platform's time runs so many times as fast. */
  readonly simulatorSpeed: number;
  readonly variables: Readonly<Record<string, string | undefined>>;
}
export type ConfigResult = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

export function readConfig(env: Readonly<Record<string, string | undefined>>, cwd: string): ConfigResult {
  const filled = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Variables.safeParse(filled);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
  const given = parsed.data;
  const dataDir = given.TRIMTAB_DATA_DIR ?? join(cwd, '.trimtab');
  return {
    ok: true,
    config: {
      flyToken: given.FLY_API_TOKEN ?? null,
      flapsBaseUrl: given.FLY_FLAPS_BASE_URL ?? 'https://api.machines.dev',
      apiBaseUrl: given.FLY_API_BASE_URL ?? 'https://api.fly.io',
      uiexBaseUrl: given.FLY_UIEX_BASE_URL ?? 'https://api.fly.io',
      selfApp: given.FLY_APP_NAME ?? null,
      databaseUrl: given.TRIMTAB_DATABASE_URL ?? null,
      dataDir,
      stateKey: given.TRIMTAB_STATE_KEY ?? null,
      execS: given.TRIMTAB_EXEC_SECONDS,
      source: given.TRIMTAB_SOURCE ?? cwd,
      metrics: metricsOf(given),
      neon: neonOf(given),
      language: given.TRIMTAB_LANG,
      timeZone: given.TRIMTAB_TIME_ZONE,
      priceBook: given.TRIMTAB_PRICE_BOOK ?? null,
      sources: ownSources(filled),
      gitToken: given.TRIMTAB_GIT_TOKEN ?? null,
      gitKeyFile: given.TRIMTAB_GIT_KEY_FILE ?? null,
      gitKnownHostsFile: given.TRIMTAB_GIT_KNOWN_HOSTS_FILE ?? null,
      webhookSecret: given.TRIMTAB_WEBHOOK_SECRET ?? null,
      heartbeatUrl: given.TRIMTAB_HEARTBEAT_URL ?? null,
      server: given.TRIMTAB_SERVER === undefined ? null : { url: given.TRIMTAB_SERVER, token: given.TRIMTAB_SERVER_TOKEN ?? null },
      reading: given.TRIMTAB_READING,
      host: given.TRIMTAB_HOST,
      port: given.TRIMTAB_PORT,
      readOnly: given.TRIMTAB_READ_ONLY,
      tickS: given.TRIMTAB_TICK_SECONDS,
      pollS: given.TRIMTAB_POLL_SECONDS,
      resyncS: given.TRIMTAB_RESYNC_SECONDS,
      simulatorPort: given.TRIMTAB_SIMULATOR_PORT,
      edgePort: given.TRIMTAB_EDGE_PORT,
      simulatorSpeed: given.TRIMTAB_SIMULATOR_SPEED,
      variables: filled,
    },
  };
}

const OWN_SOURCE = /^TRIMTAB_SOURCE_([A-Z0-9_]+)$/;
/** `TRIMTAB_SOURCE_STAGING_EU` → `staging-eu`. */
function ownSources(filled: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  const found = Object.entries(filled).flatMap(([name, value]): [string, string][] => {
    const environment = OWN_SOURCE.exec(name)?.[1];
    return environment === undefined || value === undefined ? [] : [[environment.toLowerCase().replaceAll('_', '-'), value]];
  });
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
/** An organization's token is enough for its metrics. */
function metricsOf({
  FLY_METRICS_TOKEN: own,
  FLY_API_TOKEN: shared,
  FLY_METRICS_BASE_URL: base,
}: z.infer<typeof Variables>): Config['metrics'] {
  const token = own ?? shared;
  return token === undefined ? null : { token, baseUrl: (base ?? 'https://api.fly.io/prometheus').replace(/\/+$/, '') };
}
function neonOf({ NEON_API_KEY: token, NEON_ORG_ID: organizationId, NEON_API_BASE_URL: base }: z.infer<typeof Variables>): Config['neon'] {
  if (token === undefined || organizationId === undefined) return null;
  return { token, organizationId, baseUrl: (base ?? 'https://console.neon.tech/api/v2').replace(/\/+$/, '') };
}
