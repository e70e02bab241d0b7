/** Each row of the runbook that secrets, migrations, releases and doors stand for, and each row of what may come in wrong, with the tests that
 *  prove it: by file and name, so that none of them goes away unseen. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** File → part of a test's name. */
type Proofs = readonly (readonly [string, string])[];
const RUNBOOK: Readonly<Record<string, Proofs>> = {
  '1 the system: client, backend, Authentik': [
    ['domain/compile-shipped', 'has a public client behind which a private backend stands'],
    ['engine/smoke', 'a system that is well passes all of them'],
  ],
  '2 apps.env, and names with the prefix of their environment': [
    ['domain/compile-shipped', 'apps.env.example names every variable that the folders look up'],
    ['engine/desired', 'apps.env counts where the process says nothing'],
    ['engine/desired', 'a process that serves two environments takes prefixed names only, from the file too'],
  ],
  '3 the commands that are needed': [['engine/preflight', 'of the runbook it is said what is no longer needed']],
  '4 one way only for secrets, none of them in git': [
    ['engine/secret-sync', 'stages: the machines stay as they are until the next deploy takes it along in its one rollout'],
    ['engine/secret-sync', 'with anything wrong writes nothing to any app, and says all of it'],
    ['leaks', 'are in nothing that was said: commands, API, page, metrics, logs, events'],
  ],
  '5 which secrets, and their rules': [
    ['engine/secrets', 'is named all at once, and nothing is written'],
    ['domain/compile-shipped', 'compiles without a problem or a warning'],
  ],
  '6 rotation: source, sync, rollout, smoke': [
    ['engine/release-secrets', 'a value that was issued rolls through its app alone, is smoked, and is told as a release'],
    ['engine/release-secrets', 'a value that the smoke checks refuse goes back to the declared one before'],
  ],
  '7 preflight, sync, migrations, backend, client, smoke': [
    ['engine/release-migrations', 'the database is ahead of the apps'],
    ['engine/releases', 'an app that others depend on takes them back with it'],
    ['cli/releases', 'deploy shows the phases and says 0 when it is live'],
    ['doors', 'bin/trimtab deploy staging'],
  ],
  '8 preflight names everything at once': [['engine/preflight', 'every fault of everything comes at once, each with a remedy']],
  '9 Authentik is left out unless it is asked for': [
    ['domain/compile-shipped', 'leaves Authentik alone unless it is asked to deploy it'],
    ['engine/left-alone', 'an excluded app is not read, not compared and not touched'],
    ['engine/desired', 'keeps the switch a command once sent'],
  ],
  '11 back, by itself and by hand': [
    ['engine/releases', 'what crashes comes back by itself, is pinned'],
    ['engine/release-words', 'goes to a number of the history, to a commit, and to the start of a revision'],
    ['engine/release-words', 'goes to a release of the platform’s own list, from before trimtab too'],
    ['cli/releases', 'rollback goes back, git is made to say so'],
  ],
  '14 the workflow': [
    ['doors', 'actionlint finds nothing in the workflows, and would'],
    ['doors', 'the deploy gets every secret and variable of the runbook'],
    ['engine/release-words', 'takes as many people as git says, its author'],
  ],
  '20 the scripts': [['doors', 'production_sync_fly_secrets.sh']],
};
const BAD_INPUT: Readonly<Record<string, Proofs>> = {
  'a secret that is missing or wrong, a source that fails, hangs, prints rubbish, a key that is missing': [
    ['engine/secrets', 'is named all at once, and nothing is written'],
    ['engine/release.pairs', "'preflight'"],
  ],
  'a migration that fails half-way': [
    ['engine/release-migrations', 'a file that fails half-way changes neither'],
    ['engine/release-words', 'a set of migrations that failed is held'],
  ],
  'a smoke target that is down, has a wrong certificate, hangs': [
    [
      'engine/release-words',
      'a smoke check that hangs ends at the deadline of the phase, what came back is kept, and everything goes back',
    ],
    ['engine/smoke', 'a target that hangs ends at the deadline'],
  ],
  'an approval of a plan that is no longer current': [
    ['engine/release-words', 'of a plan that is no longer current is refused, the new one is named'],
  ],
  'DEPLOY_AUTHENTIK unset while it runs': [
    ['engine/left-alone', 'a switch by a variable keeps its stored answer when the controller starts again without it'],
    ['engine/left-alone', 'not a single machine is written'],
  ],
  'bare variables of production in a controller of both': [['engine/secrets', 'does not read the bare variables of either']],
  'two people deploy at once, one by the platform’s own CLI': [
    ['engine/people', 'somebody else’s release is waited for, and its end lets go'],
    ['cli/stateless', 'two at once: one waits for the other, only what changed is written, once'],
  ],
  'a release, its way back and a person’s killed at any write': [
    ['engine/release.crash', 'it dies again and again, until each of them was once the last one of a life'],
  ],
};
describe.each([
  ['the runbook', RUNBOOK],
  ['bad input', BAD_INPUT],
] as const)('%s', (_name, rows) => {
  test.each(Object.entries(rows))('%s', (_row, proofs) => {
    for (const [file, part] of proofs) expect(readFileSync(`test/${file}.test.ts`, 'utf8'), file).toContain(part);
  });
});
