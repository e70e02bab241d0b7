/** What is remembered of hashes never differs from what is worked out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOfConfig } from '#domain/flyconfig/owned-hash.ts';
import { hashOwned, ownedView } from '#domain/flyconfig/ownership.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { Ownership } from '#domain/revision.ts';

const rules: Ownership = { guest: true, stated: [], ignored: [] };
const workedOut = (config: MachineConfig, by: Ownership = rules) => hashOwned(ownedView(config, by));

const configs: fc.Arbitrary<MachineConfig> = fc.record({
  env: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('1', '2')),
  guest: fc.record({ cpus: fc.constantFrom(1, 2), memory_mb: fc.constantFrom(256, 512) }),
  metadata: fc.record({ fly_process_group: fc.constantFrom('app', 'worker'), trimtab_intent: fc.string() }),
  mounts: fc.constantFrom([], [{ name: 'data', path: '/data', volume: 'vol_1' }], [{ name: 'data', path: '/data', volume: 'vol_2' }]),
});

test('for any run of configs the remembered hash is the worked-out one', () => {
  fc.assert(
    fc.property(fc.array(configs, { minLength: 1, maxLength: 40 }), (run) => {
      for (const config of run) expect(hashOfConfig(config, rules)).toBe(workedOut(config));
    }),
    { numRuns: 50 },
  );
});

test('one config under two rules has two hashes', () => {
  const config: MachineConfig = { env: { A: '1' }, guest: { cpus: 2, memory_mb: 512 } };
  const kept: Ownership = { guest: false, stated: [], ignored: ['/env/A'] };
  expect([hashOfConfig(config, rules), hashOfConfig(config, kept), hashOfConfig(config, rules)]).toEqual([
    workedOut(config),
    workedOut(config, kept),
    workedOut(config),
  ]);
  expect(workedOut(config)).not.toBe(workedOut(config, kept));
});

test('more different configs than are remembered are still told apart', () => {
  for (let at = 0; at < 100; at++) {
    const config: MachineConfig = { env: { A: String(at) } };
    expect(hashOfConfig(config, rules)).toBe(workedOut(config));
    expect(hashOfConfig({ env: { A: '0' } }, rules)).toBe(workedOut({ env: { A: '0' } }));
  }
});
