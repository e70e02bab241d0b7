/** The seat of the Neon source: it is declared, and says so until the environment's database is looked after here. */
import { err } from '#domain/result.ts';
import type { Origin } from './port.ts';

export const neonOrigin: Origin<'neon'> = {
  kind: 'neon',
  cost: 'dear',
  read: ({ name }) =>
    Promise.resolve(
      err({
        code: 'SECRET_SOURCE_FAILED',
        message: `${name}: connection strings of Neon are not read by this version`,
        remedy: `give ${name} by another source, such as { env: ${name} }`,
      }),
    ),
};
