/** Bad input and what it gets (issue 3, §7): which tests hold each row. A test that is renamed or taken away is missed here. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Row → file under `test/`, and what stands in it. */
const ROWS: Readonly<Record<string, readonly (readonly [file: string, words: string])[]>> = {
  'malformed YAML, unknown keys, types, regions, sizes, an app in two folders, cycles, missing files, floors above counts': [
    ['cli/validate.test.ts', 'all problems of all environments are told at once; the good one is valid'],
    ['cli/validate.test.ts', 'for people it is file:line:column, rule, what, and what to do'],
    ['cli/validate.test.ts', 'one Fly app in two folders is told where both are'],
    ['cli/bad-input.test.ts', 'what git refuses keeps its environment at the last good revision'],
    ['cli/beside.test.ts', 'a refused desired state is told with its place; the last good revision stays'],
    ['cli/alone.test.ts', 'says 1 when git is refused, with every problem, and goes on with what it had accepted'],
  ],
  'empty or unreadable desired state': [
    ['cli/validate.test.ts', 'is refused: nothing is deleted because of that'],
    ['cli/bad-input.test.ts', 'a desired state that is gone deletes nothing'],
    ['engine/trouble.test.ts', 'an empty desired state deletes nothing'],
  ],
  'token missing, wrong, or without access': [
    ['cli/alone.test.ts', 'says 1 for a token that is refused, and names what to do'],
    ['engine/trouble.test.ts', 'a token that is refused stalls the app, says what to do, and does not loop'],
    ['engine/trouble.test.ts', 'a token that reaches another app only stalls this one'],
    ['engine/faults.test.ts', 'an app that answers 404 for a while is not made a second time'],
    ['engine/switches.test.ts', 'the token of an environment'],
  ],
  'platform down, slow, 5xx, half answers, broken JSON, unknown words': [
    ['engine/trouble.test.ts', 'while the platform is down nothing is taken for gone'],
    ['engine/trouble.test.ts', 'with %s now and then, everything is made, once'],
    ['engine/faults.test.ts', 'with %s at every third call everything is made once, changed and put back'],
    ['engine/faults.test.ts', "'brokenJson', 'halfAnswer', 'badGatewayBeforeCommit', 'hang'"],
    ['engine/faults.test.ts', 'regions that the organization-wide list cannot reach are not taken for gone'],
    ['engine/trouble.test.ts', 'words that no document names are no reason to write, and no health'],
  ],
  'no capacity in a region': [
    ['engine/trouble.test.ts', 'a region without room is held, and goes on when there is room'],
    ['engine/faults.test.ts', 'with a second region in the list a full one is stepped over'],
  ],
  'kill -9 at any moment': [
    ['engine/kill.test.ts', 'of %s while everything is made'],
    ['engine/kill.test.ts', 'of %s while a change is rolled out'],
    ['engine/crash.test.ts', 'test.each(WHEN)'],
    ['engine/release.crash.test.ts', 'test'],
    ['engine/two-controllers.test.ts', 'one is killed in the middle of a rollout: the other takes over'],
  ],
  'database unreachable': [
    ['engine/lost-database.test.ts', 'is not there at the start is up, not ready, and goes on when it comes'],
    ['engine/lost-database.test.ts', "test.each(['cut', 'freeze'] as const)"],
  ],
  'a second controller on the same folder, or a command beside it': [
    ['cli/beside.test.ts', 'a second controller on the same folder is refused, and told who holds it'],
    ['platform/store.lock.test.ts', 'a folder held by another process is refused, naming that process'],
    ['cli/on-database.test.ts', 'shares its work and its rate limits'],
  ],
  'the data folder deleted': [
    ['cli/bad-input.test.ts', 'a data folder that was deleted is rebuilt from git and stamps'],
    ['engine/kill.test.ts', 'a store that was lost is rebuilt from git and stamps, without a write'],
    ['engine/lost-state.test.ts', 'nothing is written until a person names the target'],
  ],
};
describe('§7: every row of bad input has its tests', () => {
  test.each(Object.entries(ROWS))('§7: %s', (_row, tests) => {
    expect(tests.filter(([file, words]) => !readFileSync(`test/${file}`, 'utf8').includes(words))).toEqual([]);
  });
});
