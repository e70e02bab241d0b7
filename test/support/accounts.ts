/** The accounts of a controller in a test, by the shipped prices. */
import type { Clock } from '#domain/clock.ts';
import { SHIPPED_BOOK } from '#domain/price-book.ts';
import type { Accounts } from '#engine/accounts.ts';
import { allStatuses } from '#engine/all-statuses.ts';
import type { Controller } from '#engine/controller.ts';
import { makeAccounts } from '#engine/local-accounts.ts';
import type { Store } from '#platform/store/port.ts';

export const accountsOf = (controller: Controller, store: Store, clock: Clock): Accounts =>
  makeAccounts({
    ...{ store, clock, money: controller.money, environments: controller.environments, statuses: () => allStatuses(controller) },
    ...{ book: SHIPPED_BOOK, timeZone: 'UTC' },
  });
