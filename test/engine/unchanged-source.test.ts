/** A source that is read every few seconds: what has not changed is not parsed again, and what has changed is always seen. */
import { expect, test } from 'vitest';
import { ok } from '#domain/result.ts';
import { type ReadDesiredDeps, type ReadEnvironment, readDesired } from '#engine/desired.ts';
import type { Remembered } from '#engine/unchanged-source.ts';
import { appText, ENVIRONMENT, WEB_TOML } from '#test/support/desired.ts';
import { snapshotOf } from '#test/support/snapshot.ts';

const environment = (name: string): string => ENVIRONMENT.replace('name: test', `name: ${name}`);
const MIGRATED = environment('b').replace('primaryRegion: nrt', 'primaryRegion: nrt, database: { migrations: { directory: db } }');
const START: Readonly<Record<string, string>> = {
  'desired-state/a/all.yaml': `${environment('a')}---\n${appText('web', 'app: acme-a', 'config: a.toml', 'excluded: { unless: DEPLOY_WEB }')}`,
  'desired-state/b/all.yaml': `${MIGRATED}---\n${appText('web', 'app: acme-b', 'config: b.toml')}`,
  'a.toml': WEB_TOML,
  'b.toml': `${WEB_TOML}[[files]]\nguest_path = "/etc/b"\nlocal_path = "b.conf"\n`,
  'b.conf': 'first',
  'db/0001_a.up.sql': 'select 1;',
};
/** A reader that polls, as the controller does. `parsed` counts what the memory was given anew. */
function poller() {
  const files = new Map(Object.entries(START));
  const accepted = new Map<string, ReadEnvironment>();
  let parsed = 0;
  class Counting extends Map<string, Remembered> {
    override set(name: string, remembered: Remembered): this {
      parsed += 1;
      return super.set(name, remembered);
    }
  }
  const documentOf = (name: string) => {
    const compiled = accepted.get(name)?.compiled;
    return compiled?.ok ? compiled.value : null;
  };
  const deps: ReadDesiredDeps = {
    source: {
      description: 'memory',
      read: () => Promise.resolve(ok(snapshotOf(files))),
    },
    flyFor: null,
    folder: 'desired-state',
    process: { A_DEPLOY_WEB: 'true' },
    keepsLookups: true,
    previous: (name) => documentOf(name)?.document ?? null,
    known: (name) => {
      const compiled = documentOf(name);
      return compiled === null ? null : { id: compiled.id, sourceHash: accepted.get(name)?.sourceHash ?? '' };
    },
    memory: new Counting(),
  };
  const poll = async (): Promise<readonly ReadEnvironment[]> => {
    parsed = 0;
    const result = await readDesired(deps, new AbortController().signal);
    if (!result.ok) throw new Error(result.error.message);
    for (const one of result.value) if (one.compiled.ok) accepted.set(one.name, one);
    return result.value;
  };
  return { files, poll, accepted, parsed: () => parsed };
}
const idsOf = (read: readonly ReadEnvironment[]) => read.map(({ compiled }) => (compiled.ok ? compiled.value.id : 'refused'));

test('the same source again is recognised, whole, and parsed no more', async () => {
  const { poll, parsed } = poller();
  const first = await poll();
  expect(parsed()).toBe(2);
  const second = await poll();
  expect(parsed()).toBe(0);
  expect(idsOf(second)).toEqual(idsOf(first));
  expect(second.map(({ sourceHash }) => sourceHash)).toEqual(first.map(({ sourceHash }) => sourceHash));
});
test.each([
  { what: 'a YAML file', path: 'desired-state/b/all.yaml', text: `${START['desired-state/b/all.yaml']}  enabled: false\n` },
  { what: 'a fly.toml', path: 'b.toml', text: `${WEB_TOML}[env]\n  NEW = "1"\n` },
  { what: 'a file that a fly.toml names', path: 'b.conf', text: 'second' },
  { what: 'a migration', path: 'db/0001_a.up.sql', text: 'select 2;' },
  { what: 'a new migration', path: 'db/0002_b.up.sql', text: 'select 2;' },
  { what: 'a new YAML file', path: 'desired-state/b/more.yaml', text: appText('more', 'app: acme-more', 'config: a.toml') },
])('$what that changed is seen, and its neighbour is left alone', async ({ path, text }) => {
  const { files, poll, parsed } = poller();
  const [a, b] = idsOf(await poll());
  files.set(path, text);
  const [a2, b2] = idsOf(await poll());
  expect(parsed()).toBe(1);
  expect(a2).toBe(a);
  expect(b2).not.toBe(b);
});
test('a file that goes away is seen', async () => {
  const { files, poll } = poller();
  await poll();
  files.delete('b.toml');
  expect(idsOf(await poll())[1]).toBe('refused');
});
test('an answer that a command sent since is not forgotten over equal texts', async () => {
  const { poll, accepted, parsed } = poller();
  await poll();
  const a = accepted.get('a');
  if (a?.compiled.ok !== true) throw new Error('a is refused');
  const { document } = a.compiled.value;
  if (document.declared === undefined) throw new Error('nothing is declared');
  const declared = { ...document.declared, lookups: { DEPLOY_WEB: null } };
  accepted.set('a', { ...a, compiled: ok({ ...a.compiled.value, document: { ...document, declared } }) });
  await poll();
  expect(parsed()).toBe(1);
});
test('an app that two folders name is refused in both, also where one of them was not parsed again', async () => {
  const { files, poll } = poller();
  await poll();
  files.set('desired-state/b/all.yaml', START['desired-state/b/all.yaml']?.replace('acme-b', 'acme-a') ?? '');
  expect(idsOf(await poll())).toEqual(['refused', 'refused']);
});
