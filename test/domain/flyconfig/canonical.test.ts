import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical } from '#domain/flyconfig/canonical.ts';
import { durationToNs, nsToDuration } from '#domain/flyconfig/duration.ts';
import { applyOwned, diffOwned, hashOwned, ownedView } from '#domain/flyconfig/ownership.ts';
import { getPointer, setPointer } from '#domain/flyconfig/pointer.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { Ownership } from '#domain/revision.ts';

describe('what the platform gives back in other words means the same', () => {
  test.each<{ readonly situation: string; readonly sent: MachineConfig; readonly back: MachineConfig }>([
    { situation: 'an empty init', sent: {}, back: { init: {} } },
    { situation: 'an empty dns', sent: {}, back: { dns: {} } },
    { situation: 'null, empty and absent', sent: {}, back: { services: [], checks: {}, mounts: [] } },
    { situation: 'a filled guest', sent: { guest: { cpus: 1 } }, back: { guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 } } },
    { situation: 'a size of old', sent: { guest: { cpu_kind: 'shared', cpus: 2, memory_mb: 512 } }, back: { size: 'shared-cpu-2x' } },
    { situation: 'a restart without policy', sent: {}, back: { restart: { policy: '' } } },
    { situation: 'the usual restart', sent: {}, back: { restart: { policy: 'on-failure', max_retries: 10 } } },
    { situation: 'autostop by word', sent: { services: [{ autostop: true }] }, back: { services: [{ autostop: 'stop' }] } },
    { situation: 'autostop off', sent: { services: [{ autostop: false }] }, back: { services: [{ autostop: 'off' }] } },
    {
      situation: 'durations',
      sent: { checks: { a: { interval: '1m0s', timeout: '1.5s' } } },
      back: { checks: { a: { interval: '60s', timeout: 1_500_000_000 } } },
    },
    {
      situation: 'the order of headers',
      sent: {
        checks: {
          a: {
            headers: [
              { name: 'a', values: ['1'] },
              { name: 'b', values: ['2'] },
            ],
          },
        },
      },
      back: {
        checks: {
          a: {
            headers: [
              { name: 'b', values: ['2'] },
              { name: 'a', values: ['1'] },
            ],
          },
        },
      },
    },
    {
      situation: 'placement of a mount',
      sent: { mounts: [{ name: 'd', path: '/d' }] },
      back: { mounts: [{ name: 'd', path: '/d', volume: 'vol_1', size_gb: 3, encrypted: true }] },
    },
    {
      situation: 'empty text in statics',
      sent: { statics: [{ guest_path: '/a', url_prefix: '/b' }] },
      back: { statics: [{ guest_path: '/a', url_prefix: '/b', tigris_bucket: '', index_document: '' }] },
    },
    {
      situation: 'false on a port',
      sent: { services: [{ ports: [{ port: 80 }] }] },
      back: { services: [{ ports: [{ port: 80, force_https: false }] }] },
    },
    {
      situation: 'a kept rootfs in its old place',
      sent: { rootfs: { persist: 'always' } },
      back: { guest: { persist_rootfs: 'always' }, rootfs: {} },
    },
  ])('$situation', ({ sent, back }) => {
    const plain = (config: MachineConfig) => ({ guest: { cpus: 1 }, ...config });
    const filled =
      sent.guest === undefined && back.guest === undefined && back['size'] === undefined ? plain : (config: MachineConfig) => config;
    const [left, right] = [canonical(filled(sent)), canonical(filled(back))];
    const { guest: _, ...leftRest } = left;
    const { guest: __, ...rightRest } = right;
    expect(rightRest).toEqual(leftRest);
    if (sent.guest !== undefined) expect(right['guest']).toEqual(left['guest']);
  });
  test('canonical forms stay as they are', () => {
    const config: MachineConfig = {
      guest: { cpus: 2 },
      services: [{ autostop: true, checks: [{ interval: '60s' }] }],
      restart: { policy: 'always' },
    };
    expect(canonical(canonical(config))).toEqual(canonical(config));
  });
});

describe('ownership', () => {
  const OWN: Ownership = { guest: false, stated: [], ignored: [] };
  const hash = (config: MachineConfig, ownership = OWN) => hashOwned(ownedView(config, ownership));
  test.each<{ readonly situation: string; readonly change: MachineConfig; readonly owned: boolean }>([
    { situation: 'a variable', change: { env: { A: '2' } }, owned: true },
    { situation: 'a service', change: { services: [{ internal_port: 1 }] }, owned: true },
    { situation: 'a restart policy', change: { restart: { policy: 'always' } }, owned: true },
    { situation: 'a command', change: { init: { cmd: ['x'] } }, owned: true },
    { situation: 'its process group', change: { metadata: { fly_process_group: 'b' } }, owned: true },
    { situation: 'a guest nobody states', change: { guest: { cpus: 8 } }, owned: false },
    { situation: 'a schedule', change: { schedule: 'daily' }, owned: false },
    { situation: 'a terminal', change: { init: { tty: true } }, owned: false },
    { situation: 'metadata of others', change: { metadata: { fly_process_group: 'a', x: 'y' } }, owned: false },
    { situation: 'the mark of a standby', change: { env: { A: '1', FLY_STANDBY_FOR: 'm' } }, owned: false },
    { situation: 'the image', change: { image: 'x' }, owned: false },
  ])('$situation changes the hash: $owned', ({ change, owned }) => {
    const base: MachineConfig = { env: { A: '1' }, metadata: { fly_process_group: 'a' } };
    expect(hash({ ...base, ...change }) !== hash(base)).toBe(owned);
  });
  test('what is stated is owned, what is ignored is not', () => {
    const base: MachineConfig = { guest: { cpus: 1, memory_mb: 256 } };
    const more: MachineConfig = { guest: { cpus: 1, memory_mb: 512 } };
    expect(hash(base, { ...OWN, guest: true })).not.toBe(hash(more, { ...OWN, guest: true }));
    expect(hash(base, { ...OWN, guest: true, ignored: ['/guest/memory_mb'] })).toBe(
      hash(more, { ...OWN, guest: true, ignored: ['/guest/memory_mb'] }),
    );
    expect(hash({ schedule: 'daily' }, { ...OWN, stated: ['schedule'] })).not.toBe(hash({}, { ...OWN, stated: ['schedule'] }));
  });
  test('a write keeps what is not ours and clears what is', () => {
    const live: MachineConfig = {
      env: { OLD: '1' },
      schedule: 'daily',
      guest: { cpus: 4 },
      services: [{ internal_port: 1 }],
      mounts: [{ name: 'd', path: '/old', volume: 'vol_1', size_gb: 3, encrypted: true }],
      init: { tty: true, cmd: ['old'] },
      metadata: { theirs: 'x', fly_process_group: 'a' },
    };
    const want: MachineConfig = {
      env: { NEW: '1' },
      guest: { cpus: 1 },
      mounts: [{ name: 'd', path: '/d' }],
      init: {},
      metadata: { fly_process_group: 'a' },
    };
    expect(applyOwned(live, want, OWN)).toEqual({
      env: { NEW: '1' },
      schedule: 'daily',
      guest: { cpus: 4 },
      mounts: [{ name: 'd', path: '/d', volume: 'vol_1', size_gb: 3, encrypted: true }],
      init: { tty: true },
      metadata: { theirs: 'x', fly_process_group: 'a' },
    });
  });
  test('after a write nothing owned differs, whatever stood there', () => {
    const config = fc.record(
      {
        env: fc.dictionary(fc.constantFrom('A', 'B', 'C'), fc.string({ maxLength: 3 }), { noNullPrototype: true }),
        guest: fc.record({ cpus: fc.constantFrom(1, 2), memory_mb: fc.constantFrom(256, 512) }),
        restart: fc.record({ policy: fc.constantFrom('no', 'always', 'on-failure') }),
        schedule: fc.constantFrom('daily', 'hourly'),
        init: fc.record({ cmd: fc.array(fc.string({ maxLength: 3 }), { maxLength: 2 }) }, { requiredKeys: [] }),
        stop_config: fc.record({ timeout: fc.constantFrom('5s', '60s', '1m0s') }),
      },
      { requiredKeys: [] },
    );
    const ownership = fc.record({
      guest: fc.boolean(),
      stated: fc.subarray(['schedule']),
      ignored: fc.subarray(['/env/A', '/guest/memory_mb', '/restart']),
    });
    fc.assert(
      fc.property(config, config, ownership, (live, want, drawn) => {
        // A guest is owned only where it is stated.
        const own = { ...drawn, guest: drawn.guest && want.guest !== undefined };
        const view = ownedView(want, own);
        expect(diffOwned(view, ownedView(applyOwned(live, want, own), own))).toEqual([]);
      }),
    );
  });
  test('differences are told field by field, with from and to', () => {
    const have = ownedView({ env: { A: '1', B: '2' }, services: [{ internal_port: 1, min_machines_running: 2 }] }, OWN);
    const want = ownedView({ env: { A: '2', C: '3' }, services: [{ internal_port: 1, min_machines_running: 1 }] }, OWN);
    expect(diffOwned(want, have).map(({ pointer, from, to, group }) => ({ pointer, from, to, group }))).toEqual([
      { pointer: '/env/A', from: '1', to: '2', group: 'env' },
      { pointer: '/env/B', from: '2', to: undefined, group: 'env' },
      { pointer: '/env/C', from: undefined, to: '3', group: 'env' },
      { pointer: '/services/0/min_machines_running', from: 2, to: 1, group: 'min_machines_running' },
    ]);
  });
});

test('a pointer reads what it wrote', () => {
  expect(getPointer({ a: { 'b/c': [1, { d: 2 }] } }, '/a/b~1c/1/d')).toBe(2);
  expect(setPointer({ a: { b: [{ c: 1 }] } }, '/a/b/0/c', 2)).toEqual({ a: { b: [{ c: 2 }] } });
  expect(setPointer({ a: { b: 1 } }, '/a/b', undefined)).toEqual({ a: {} });
  expect(setPointer({}, '/a/b', 1)).toEqual({ a: { b: 1 } });
  expect(setPointer({ a: 1 }, '/x/y', undefined)).toEqual({ a: 1 });
});
test.each([
  ['0', 0],
  ['15s', 15e9],
  ['1m30s', 90e9],
  ['1h2m3.5s', 3_723_500_000_000],
  ['500ms', 5e8],
  ['15µs', 15_000],
  ['-1s', -1e9],
])('%s is %d ns', (text, ns) => {
  expect(durationToNs(text)).toBe(ns);
  expect(durationToNs(nsToDuration(ns))).toBe(ns);
});
test.each(['', '5', '5 min', 's', '1d'])('%s is no duration', (text) => {
  expect(durationToNs(text)).toBeNull();
});
