/** The store in process memory: the twin of the SQL one, under the same law tests. For deterministic tests, and for commands that run without
 *  any state. */

import { failure } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import { makeMemoryAudit } from './memory-audit.ts';
import { makeMemoryLogins } from './memory-logins.ts';
import { memoryMeter } from './memory-meter.ts';
import { makeMemoryOutbox } from './memory-outbox.ts';
import type {
  AppRow,
  ApprovalRow,
  AuditEntry,
  EnvironmentRow,
  HaltRow,
  IntentRow,
  ReleaseBookRow,
  ReleaseRow,
  RevisionRow,
  SecretRow,
  StatusRow,
  Store,
} from './port.ts';

interface Rows {
  readonly identity: Map<string, string>;
  readonly apps: Map<string, KeptApp>;
  readonly observations: Map<string, { readonly writer: string; readonly at: number | null }>;
  /** Open ones by id; of the closed only the ids are kept, so that none is opened twice. */
  readonly intents: Map<string, IntentRow>;
  readonly closedIntents: Set<string>;
  readonly audit: AuditEntry[];
  readonly revisions: Map<string, RevisionRow>;
  readonly environments: Map<string, EnvironmentRow>;
  readonly halts: Map<string, HaltRow>;
  readonly approvals: Map<string, ApprovalRow>;
  readonly secrets: Map<string, ReadonlyMap<string, SecretRow>>;
  readonly books: Map<string, ReleaseBookRow>;
  readonly releases: Map<string, ReleaseRow>;
}
interface KeptApp extends AppRow {
  readonly environment: string;
  readonly app: string;
  readonly writer: string;
  /** Counts the writes of the whole store. */
  readonly changed: number;
}
const key = (...parts: readonly string[]): string => parts.join('\n');
const done = Promise.resolve(ok(undefined));
const give = <T>(value: T) => Promise.resolve(ok(value));

/** What is written is copied: a caller that changes its object later changes no row. */
export function makeMemoryStore(): Store {
  const rows: Rows = {
    identity: new Map(),
    apps: new Map(),
    observations: new Map(),
    intents: new Map(),
    closedIntents: new Set(),
    audit: [],
    revisions: new Map(),
    environments: new Map(),
    halts: new Map(),
    approvals: new Map(),
    secrets: new Map(),
    books: new Map(),
    releases: new Map(),
  };
  return {
    ...identityOf(rows),
    ...appsOf(rows),
    ...intentsOf(rows),
    ...sharedOf(rows),
    ...historyOf(rows),
    ...peopleOf(rows),
    ...secretsOf(rows),
    ...makeMemoryAudit(rows.audit),
    ...makeMemoryOutbox(),
    ...memoryMeter(rows.audit),
    ...releasesOf(rows),
    ...makeMemoryLogins(),
    close: () => Promise.resolve(),
  };
}
const secretsOf = ({ secrets }: Rows): Pick<Store, 'secrets' | 'saveSecrets'> => ({
  secrets: (environment, app) => {
    const rows = [...(secrets.get(key(environment, app))?.values() ?? [])];
    return give(rows.sort((a, b) => (a.name < b.name ? -1 : 1)).map((row) => structuredClone(row)));
  },
  saveSecrets: (environment, app, saved) => {
    const id = key(environment, app);
    secrets.set(id, new Map([...(secrets.get(id) ?? []), ...structuredClone(saved).map((row): [string, SecretRow] => [row.name, row])]));
    return done;
  },
});
const identityOf = ({ identity }: Rows): Pick<Store, 'claimIdentity'> => ({
  claimIdentity: (facts) => {
    for (const [name, value] of Object.entries(facts)) {
      const known = identity.get(name);
      if (known !== undefined && known !== value)
        return Promise.resolve(err(failure('STORE_FOREIGN', `this state belongs to ${name} ${known}, not ${value}`)));
      identity.set(name, value);
    }
    return done;
  },
});
const appsOf = ({ apps }: Rows): Pick<Store, 'takeApp' | 'readApp' | 'saveApp' | 'apps' | 'forgetApp'> => {
  let writes = 0;
  return {
    takeApp: (environment, app, atLeast) => {
      const known = apps.get(key(environment, app)) ?? {
        environment,
        app,
        generation: 0,
        memory: null,
        status: null,
        writer: '',
        changed: 0,
      };
      const row = { ...known, generation: Math.max(known.generation, atLeast) + 1 };
      apps.set(key(environment, app), row);
      return give(rowOf(row));
    },
    readApp: (environment, app) => {
      const known = apps.get(key(environment, app));
      return give(known === undefined ? null : rowOf(known));
    },
    saveApp: (environment, app, { writer, generation }, { memory, status }) => {
      const known = apps.get(key(environment, app));
      if (known === undefined || known.generation !== generation) return give('stale');
      writes += 1;
      const saved = { ...known, memory: memory ?? known.memory, status: status ?? known.status, writer, changed: writes };
      apps.set(key(environment, app), structuredClone(saved));
      return give('saved');
    },
    forgetApp: (environment, app, generation) => {
      if (apps.get(key(environment, app))?.generation === generation) apps.delete(key(environment, app));
      return done;
    },
    apps: (environment) => give([...apps.values()].flatMap((row) => (row.environment === environment ? [row.app] : [])).sort()),
  };
};
const rowOf = ({ generation, memory, status }: KeptApp): AppRow => structuredClone({ generation, memory, status });
const statusOf = ({ environment, app, generation, status }: KeptApp): readonly StatusRow[] =>
  status === null ? [] : [structuredClone({ environment, app, generation, status })];
const intentsOf = ({ apps, intents, closedIntents, halts }: Rows): Pick<Store, 'openIntent' | 'closeIntent'> => ({
  openIntent: (intent) => {
    if (apps.get(key(intent.environment, intent.app))?.generation !== intent.generation) return give('stale');
    if (halts.has('*') || halts.has(intent.environment)) return give('halted');
    const open = [...intents.values()].some((row) => row.environment === intent.environment && row.key === intent.key);
    if (open || intents.has(intent.id) || closedIntents.has(intent.id)) return give('busy');
    intents.set(intent.id, structuredClone(intent));
    return give('opened');
  },
  closeIntent: (id) => {
    if (intents.delete(id)) closedIntents.add(id);
    return done;
  },
});
const sharedOf = (rows: Rows): Pick<Store, 'situation' | 'statuses' | 'watchOrganization' | 'takeTurn' | 'observations'> => ({
  situation: (environment, app, others) => {
    const intents = [...rows.intents.values()].filter((row) => row.environment === environment && row.app === app);
    return give({
      generation: rows.apps.get(key(environment, app))?.generation ?? null,
      accepted: rows.environments.get(environment)?.accepted ?? null,
      book: rows.books.get(environment)?.version ?? 0,
      intents: structuredClone(intents.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))),
      approvals: ['*', app].flatMap((one) => rows.approvals.get(key(environment, one)) ?? []),
      statuses: [...others].sort().flatMap((other) => {
        const found = rows.apps.get(key(environment, other));
        return found === undefined ? [] : statusOf(found);
      }),
    });
  },
  statuses: (after, writer) => {
    const found = [...rows.apps.values()].filter((row) => row.changed > after && row.writer !== writer);
    return give({ rows: found.flatMap(statusOf), cursor: Math.max(after, ...found.map(({ changed }) => changed)) });
  },
  watchOrganization: (organization, writer, at) => {
    const former = rows.observations.get(organization) ?? null;
    rows.observations.set(organization, { writer, at: at === null ? (former?.at ?? null) : Math.max(at, former?.at ?? 0) });
    return give(former?.writer ?? null);
  },
  // One process alone: its own limiter is the whole truth.
  takeTurn: () => give(0),
  observations: () =>
    give(
      [...rows.observations]
        .flatMap(([organization, { at }]) => (at === null ? [] : [{ organization, at }]))
        .sort((a, b) => (a.organization < b.organization ? -1 : 1)),
    ),
});
const historyOf = ({ revisions, environments }: Rows): Pick<Store, 'saveRevision' | 'revision' | 'environment' | 'saveEnvironment'> => ({
  saveRevision: (revision) => {
    const id = key(revision.environment, revision.id);
    if (!revisions.has(id)) revisions.set(id, structuredClone(revision));
    return done;
  },
  revision: (environment, id) => give(revisions.get(key(environment, id)) ?? null),
  environment: (name) => give(environments.get(name) ?? { accepted: null, applied: null, lastGood: null }),
  saveEnvironment: (name, row) => {
    environments.set(name, { ...row });
    return done;
  },
});
const peopleOf = ({ halts, approvals }: Rows): Pick<Store, 'halts' | 'halt' | 'unhalt' | 'approvals' | 'approve' | 'endApproval'> => ({
  halts: () => give([...halts.values()]),
  halt: (row) => {
    halts.set(row.scope, { ...row });
    return done;
  },
  unhalt: (scope) => {
    halts.delete(scope);
    return done;
  },
  approvals: (environment) => give([...approvals.values()].filter((row) => row.environment === environment)),
  approve: (row) => {
    approvals.set(key(row.environment, row.app), { ...row });
    return done;
  },
  endApproval: (environment, app) => {
    approvals.delete(key(environment, app));
    return done;
  },
});
const releasesOf = ({ books, releases }: Rows): Pick<Store, 'releaseBook' | 'saveReleaseBook' | 'saveRelease' | 'releases'> => ({
  releaseBook: (environment) => give(structuredClone(books.get(environment) ?? null)),
  saveReleaseBook: (environment, book, version) => {
    if ((books.get(environment)?.version ?? 0) !== version) return give(null);
    books.set(environment, structuredClone({ version: version + 1, book }));
    return give(version + 1);
  },
  saveRelease: (row) => {
    releases.set(key(row.environment, String(row.number)), structuredClone(row));
    return done;
  },
  releases: (environment, limit) =>
    give(
      [...releases.values()]
        .filter((row) => row.environment === environment)
        .sort((a, b) => b.number - a.number)
        .slice(0, limit),
    ),
});
