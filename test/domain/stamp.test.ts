import { describe, expect, test } from 'vitest';
import {
  belongingOf,
  COMMAND_GROUP,
  flyGroupOf,
  isFlyAppsMachine,
  isQuarantined,
  isReserved,
  isStandby,
  metadataToStamp,
  QUARANTINE_KEY,
  STAMP_KEYS,
  type Stamp,
  stampToMetadata,
} from '#domain/stamp.ts';
import { APP, aGroup, aMachine, aStamp } from '#test/support/builders.ts';

const group = aGroup();
const stamp = aStamp(group, 'app-nrt-1');
const metadata = stampToMetadata(stamp);

describe('a stamp', () => {
  test('is written under names of its own', () => {
    expect(Object.keys(metadata).every((key) => STAMP_KEYS.includes(key) && key.startsWith('trimtab_'))).toBe(true);
    expect(STAMP_KEYS).toContain(QUARANTINE_KEY);
  });
  test.each<{ situation: string; over: Partial<Stamp> }>([
    { situation: 'whole', over: {} },
    { situation: 'without an image that was known', over: { image: '' } },
    { situation: 'of a time before secrets', over: { secrets: null } },
    { situation: 'of secrets that were set', over: { secrets: 7 } },
    { situation: 'of the first writer', over: { generation: 0 } },
  ])('is read as it was written: $situation', ({ over }) => {
    const written = { ...stamp, ...over };
    expect(metadataToStamp(stampToMetadata(written))).toEqual(written);
  });
  test('an image that is not known is said to be so: an empty value would take the key away', () => {
    expect(stampToMetadata({ ...stamp, image: '' })['trimtab_image']).toBe('unknown');
    expect(Object.hasOwn(stampToMetadata({ ...stamp, secrets: null }), 'trimtab_secrets')).toBe(false);
  });
  test.each(['owner', 'app', 'group', 'name', 'hash', 'revision', 'generation', 'intent'])('without its %s is none', (part) => {
    const { [`trimtab_${part}`]: _gone, ...rest } = metadata;
    expect(metadataToStamp(rest)).toBeNull();
    if (part !== 'generation') expect(metadataToStamp({ ...metadata, [`trimtab_${part}`]: '' })).toBeNull();
  });
  test('with a generation that is no number is none; a mark of secrets that is no number is left out', () => {
    expect(metadataToStamp({ ...metadata, trimtab_generation: 'three' })).toBeNull();
    expect(metadataToStamp({ ...metadata, trimtab_secrets: 'seven' })?.secrets).toBeNull();
  });
});
test.each([
  { situation: 'our stamp on its own name', over: {}, is: 'own' },
  { situation: 'our stamp on another name', over: { name: 'app-nrt-9' }, is: 'copy' },
  { situation: 'a stamp of another environment', over: { owner: 'acme/other' }, is: 'foreign' },
  { situation: 'a stamp of another app', over: { app: 'acme-other' }, is: 'foreign' },
  { situation: 'no stamp', over: null, is: 'foreign' },
])('$situation is $is', ({ over, is }) => {
  const machine = aMachine(group, 'app-nrt-1');
  const told =
    over === null ? {} : { ...metadata, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [`trimtab_${key}`, value])) };
  expect(belongingOf({ ...machine, app: APP, metadata: told }, stamp.owner).is).toBe(is);
});
describe('what the platform says of a machine', () => {
  test.each([
    { metadata: { fly_process_group: 'web' }, group: 'web' },
    { metadata: { process_group: 'old' }, group: 'old' },
    { metadata: { fly_process_group: 'web', process_group: 'old' }, group: 'web' },
    { metadata: { fly_process_group: '' }, group: null },
    { metadata: {}, group: null },
  ])('its group by $metadata is $group', ({ metadata: told, group: named }) => {
    expect(flyGroupOf(told)).toBe(named);
  });
  test.each([COMMAND_GROUP, 'fly_app_test_machine_command', 'fly_app_console', 'fly_app_machine_smoke_check'])(
    'a machine of %s is reserved: never counted, never taken over',
    (reserved) => {
      expect(isReserved({ metadata: { fly_process_group: reserved } })).toBe(true);
    },
  );
  test('a canary is reserved, and others are not', () => {
    expect(isReserved({ metadata: { fly_process_group: 'app', fly_canary: 'true' } })).toBe(true);
    expect(isReserved({ metadata: { fly_process_group: 'app', fly_canary: 'false' } })).toBe(false);
    expect(isReserved({ metadata: { fly_process_group: 'app', fly_canary: '' } })).toBe(false);
    expect(isReserved({ metadata: {} })).toBe(false);
  });
  test('the second platform is told from others', () => {
    expect(isFlyAppsMachine({ metadata: { fly_platform_version: 'v2' } })).toBe(true);
    expect(isFlyAppsMachine({ metadata: { fly_platform_version: 'v1' } })).toBe(false);
    expect(isFlyAppsMachine({ metadata: {} })).toBe(false);
  });
  test('a standby stands in for somebody', () => {
    expect(isStandby({ config: { standbys: ['m1'] } })).toBe(true);
    expect(isStandby({ config: { standbys: [] } })).toBe(false);
    expect(isStandby({ config: {} })).toBe(false);
    expect(isStandby({ config: null })).toBe(false);
  });
  test.each([
    { state: 'stopped', cordoned: true, marked: true, rests: true },
    { state: 'suspended', cordoned: true, marked: true, rests: true },
    { state: 'created', cordoned: true, marked: true, rests: true },
    { state: 'failed', cordoned: true, marked: true, rests: true },
    { state: 'started', cordoned: true, marked: true, rests: false },
    { state: 'stopped', cordoned: false, marked: true, rests: false },
    { state: 'stopped', cordoned: true, marked: false, rests: false },
  ] as const)('$state, cordoned: $cordoned, marked: $marked is in quarantine: $rests', ({ state, cordoned, marked, rests }) => {
    const told: Record<string, string> = marked ? { [QUARANTINE_KEY]: '2026-10-01T09:00:00Z' } : {};
    expect(isQuarantined({ state, cordoned, metadata: told })).toBe(rests);
  });
});
