/** The operator of a harness' controller, for commands given in a test. Databases and checks are not asked. */
import { ok } from '#domain/result.ts';
import { makeHalts } from '#engine/halts.ts';
import { makeLocalOperator } from '#engine/local-operator.ts';
import { makeNotifyDesk } from '#engine/notices/desk.ts';
import type { Operator } from '#engine/operator.ts';
import { accountsOf } from './accounts.ts';
import type { Harness } from './harness.ts';
import { peopleOf } from './people.ts';

const NOT_ASKED = Promise.resolve(ok([]));
export const operatorOf = (harness: Harness): Operator =>
  makeLocalOperator({
    controller: harness.controller(),
    halts: makeHalts({ readOnly: false, fileReason: () => null }),
    store: harness.store,
    clock: harness.clock,
    tell: () => undefined,
    proving: { preflight: () => NOT_ASKED, smoke: () => NOT_ASKED },
    people: peopleOf(harness),
    notify: makeNotifyDesk({
      store: harness.store,
      clock: harness.clock,
      environments: () => harness.controller().environments.all(),
      send: () => Promise.resolve(ok(undefined)),
    }),
    db: { migrations: () => NOT_ASKED, migrate: () => NOT_ASKED },
    accounts: accountsOf(harness.controller(), harness.store, harness.clock),
  });
