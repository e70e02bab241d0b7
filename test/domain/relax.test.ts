import { expect, test } from 'vitest';
import { relaxed } from '#domain/relax.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import { anEnvironment } from '#test/support/builders.ts';

type Run = 'always' | 'whenChanged' | 'never';
const environment = (smoke: Run, migrations: Run): CompiledEnvironment =>
  anEnvironment({
    declared: {
      ...{ credentials: { fly: 'F', neon: 'N' }, envPrefix: 'S_', variables: {}, lookups: {}, budgets: [] },
      smoke: { run: smoke, checks: [] },
      database: { migrations: { directory: 'db', format: 'golang-migrate', run: migrations } },
    },
  });
const runs = ({ declared }: CompiledEnvironment) => [declared?.smoke?.run, declared?.database?.migrations?.run];
test.each([
  { acts: { skipMigrations: true, skipSmoke: true }, given: ['always', 'always'], want: ['whenChanged', 'whenChanged'] },
  { acts: { skipMigrations: false, skipSmoke: true }, given: ['always', 'always'], want: ['whenChanged', 'always'] },
  { acts: { skipMigrations: true, skipSmoke: false }, given: ['always', 'always'], want: ['always', 'whenChanged'] },
  { acts: { skipMigrations: true, skipSmoke: true }, given: ['never', 'never'], want: ['never', 'never'] },
  { acts: { skipMigrations: false, skipSmoke: false }, given: ['always', 'always'], want: ['always', 'always'] },
] as const)('$acts makes of $given: $want', ({ acts, given: [smoke, migrations], want }) => {
  expect(runs(relaxed(environment(smoke, migrations), acts))).toEqual(want);
});
test('an environment that declares nothing stays as it is', () => {
  const plain = anEnvironment();
  expect(relaxed(plain, { skipMigrations: true, skipSmoke: true })).toBe(plain);
});
