/** The pages over a fixed picture of the world, with people who may sign in. What was acted is written down. */
import type { Hono } from 'hono';
import { ok } from '#domain/result.ts';
import type { EnvironmentAnswer, Operator } from '#engine/operator.ts';
import { type People, SESSION_LENGTH } from '#engine/people.ts';
import { makeChanges } from '#http/changes.ts';
import { makeSite, type SiteDeps } from '#http/page/site.ts';
import { realClock } from '#platform/clock.ts';
import { makeMemoryStore } from '#platform/store/memory.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import { peopleOf } from './people.ts';
import { SEEN_AT } from './statuses.ts';

export interface Site {
  readonly app: Hono;
  readonly people: People;
  readonly acted: readonly string[];
  readonly changes: SiteDeps['changes'];
  /** Tokens of `ann`, an operator, and `vic`, a viewer. */
  readonly tokens: { readonly operator: string; readonly viewer: string };
}
export interface SiteOptions extends Partial<Pick<SiteDeps, 'reading' | 'language' | 'machines'>> {
  readonly environments: readonly EnvironmentAnswer[];
  readonly audit?: readonly AuditEntry[];
}
export async function makeTestSite({ environments, audit = [], ...over }: SiteOptions): Promise<Site> {
  const acted: string[] = [];
  const people = peopleOf({ store: makeMemoryStore(), clock: realClock });
  const signal = new AbortController().signal;
  const tokenOf = async (name: string, role: 'viewer' | 'operator'): Promise<string> => {
    const added = await people.add(name, role, signal);
    if (!added.ok || added.value === null) throw new Error('no token');
    return added.value;
  };
  const known: Pick<Operator, 'environments' | 'audit' | 'plan' | 'approve' | 'halt' | 'unhalt'> = {
    environments: () => Promise.resolve(ok(environments)),
    audit: () => Promise.resolve(ok(audit)),
    plan: () => Promise.resolve(ok([])),
    approve: ({ environment, app }, by) => {
      acted.push(`${by} approves ${environment}/${app ?? '*'}`);
      return Promise.resolve(ok(['acme-web']));
    },
    halt: (scope, by, reason) => {
      acted.push(`${by} halts ${scope}: ${reason}`);
      return Promise.resolve(ok(undefined));
    },
    unhalt: (scope) => {
      acted.push(`unhalts ${scope}`);
      return Promise.resolve(ok(undefined));
    },
  };
  const changes = makeChanges(realClock);
  const site = makeSite({
    operator: known,
    people,
    sessionMs: SESSION_LENGTH,
    machines: () => null,
    reading: 'open',
    language: 'en',
    version: '1.2.3',
    now: () => SEEN_AT + 60_000,
    changes,
    ...over,
  });
  return {
    app: site,
    people,
    acted,
    changes,
    tokens: { operator: await tokenOf('ann', 'operator'), viewer: await tokenOf('vic', 'viewer') },
  };
}
