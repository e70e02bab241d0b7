import { expect, test } from 'vitest';
import type { PlanContext } from '#domain/finding.ts';
import { planGroup } from '#domain/group-plan.ts';
import { machineId, regionCode } from '#domain/ids.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import { emptyMemory } from '#domain/memory.ts';
import type { ObservedMachine } from '#domain/observed.ts';
import type { CompiledGroup } from '#domain/revision.ts';
import { instant, minutes } from '#domain/units.ts';
import {
  aConfig,
  aContext,
  aGroup,
  aMachine,
  anApp,
  aStamp,
  aVolume,
  NOW,
  OTHER_DIGEST,
  observedApp,
  REVISION,
} from '#test/support/builders.ts';

const plan = (group: CompiledGroup, machines: readonly ObservedMachine[], over: Partial<PlanContext> = {}) => {
  const app = over.app ?? anApp({ groups: [group] });
  return planGroup(aContext({ app, observed: observedApp({ machines }), ...over }), group);
};
/** `verb subject` of what is done now. */
const now = (finding: ReturnType<typeof plan>): readonly string[] =>
  finding.now.map(({ action, subject }) => `${action.verb} ${subject}`).sort();
const settled = { ...emptyMemory(), adopted: true, syncedRevision: REVISION };
const changed = (group: CompiledGroup, name: string) =>
  aMachine(group, name, {
    stamp: aStamp(group, name, { hash: aGroup({ config: aConfig({ env: { OLD: '1' } }) }).hash }),
    config: aConfig({ env: { OLD: '1' } }),
  });

test('a group that runs as git says asks for nothing', () => {
  const group = aGroup({ machines: { nrt: 2 } });
  const found = plan(group, [aMachine(group, 'app-nrt-1'), aMachine(group, 'app-nrt-2')]);
  expect(found).toMatchObject({ now: [], later: [], holds: [], drifts: [] });
});
test('a missing machine is made under the next free name', () => {
  const group = aGroup({ machines: { nrt: 3 } });
  expect(now(plan(group, [aMachine(group, 'app-nrt-1'), aMachine(group, 'app-nrt-3')]))).toEqual(['create app-nrt-2']);
});
test('a machine that was destroyed by hand comes back under a new name, as urgent drift', () => {
  const group = aGroup({ machines: { nrt: 2 } });
  const found = plan(group, [aMachine(group, 'app-nrt-2')], { memory: { ...settled, incarnations: { 'app-nrt-1': 1 } } });
  expect(now(found)).toEqual(['create app-nrt-1-r1']);
  expect(found.now[0]).toMatchObject({ cause: 'drift', urgent: true });
  expect(found.drifts.map(({ field }) => field.group)).toEqual(['count']);
});
test('the names of foreign machines are never taken', () => {
  const group = aGroup();
  expect(now(plan(group, [aMachine(group, 'app-nrt-1', { stamp: null })]))).toEqual(['create app-nrt-2']);
});
test('a machine whose environment was changed by hand is put back', () => {
  const group = aGroup();
  const found = plan(group, [aMachine(group, 'app-nrt-1', { config: aConfig({ services: [], env: { HAND: '1' } }) })], {
    app: anApp({ groups: [group], rollout: { ...anApp().rollout, surge: 0 } }),
  });
  expect(now(found)).toEqual(['update app-nrt-1']);
  expect(found.now[0]).toMatchObject({ cause: 'drift', restarts: true, downtime: true });
  expect(new Set(found.drifts.map(({ field }) => field.group))).toEqual(new Set(['env', 'services']));
});
test('a machine on another digest than recorded is put back by image', () => {
  const group = aGroup({ machines: { nrt: 2 } });
  const wrong = aMachine(group, 'app-nrt-1', {
    image: { registry: 'registry.fly.io', repository: 'acme-web', tag: 'v0', digest: OTHER_DIGEST },
  });
  const found = plan(group, [wrong, aMachine(group, 'app-nrt-2')]);
  expect(now(found)).toEqual(['update app-nrt-1']);
  expect(found.drifts.map(({ field }) => field.group)).toEqual(['image']);
});
test.each([
  ['replacing', NOW, []],
  // Longer than any version takes: what it tells is believed again.
  ['replacing', instant(NOW - minutes(11)), ['image', 'state']],
  ['started', NOW, ['image']],
])('a machine that is %s since %i and tells the old image is drift in %j', (state, updatedAt, drifts) => {
  const group = aGroup({ machines: { nrt: 2 } });
  const old = { registry: 'registry.fly.io', repository: 'acme-web', tag: 'v0', digest: OTHER_DIGEST };
  const found = plan(group, [aMachine(group, 'app-nrt-1', { image: old, state, updatedAt }), aMachine(group, 'app-nrt-2')]);
  expect(found.drifts.map(({ field }) => field.group)).toEqual(drifts);
});
test('a serving group of one gets a second machine before the first is written', () => {
  const group = aGroup();
  const found = plan(group, [changed(group, 'app-nrt-1')], { memory: { ...settled, syncedRevision: null } });
  expect(now(found)).toEqual(['create app-nrt-2']);
  expect(found.temporary).toEqual(['app-nrt-2']);
});
test('the second machine goes when the first one serves again', () => {
  const group = aGroup();
  const both = [aMachine(group, 'app-nrt-1'), aMachine(group, 'app-nrt-2')];
  const found = plan(group, both, { memory: { ...settled, temporary: ['app-nrt-2'] } });
  expect(now(found)).toEqual(['destroy app-nrt-2']);
  expect(found.drifts).toEqual([]);
});
test('the second machine stays while the first one waits for its write', () => {
  const group = aGroup();
  const found = plan(group, [changed(group, 'app-nrt-1'), aMachine(group, 'app-nrt-2')], {
    memory: { ...settled, temporary: ['app-nrt-2'] },
  });
  expect(now(found)).toEqual(['update app-nrt-1']);
});
test('a rollout writes a third of the group at a time', () => {
  const group = aGroup({ machines: { nrt: 6 } });
  const machines = [1, 2, 3, 4, 5, 6].map((at) => changed(group, `app-nrt-${at}`));
  const found = plan(group, machines, { app: anApp({ groups: [group], rollout: { ...anApp().rollout, surge: 0 } }) });
  expect(found.now).toHaveLength(1);
  expect(found.later.flat()).toHaveLength(5);
});
test('a rollout waits for the machine it wrote last', () => {
  const group = aGroup({ machines: { nrt: 3 } });
  const booting = aMachine(group, 'app-nrt-1', { state: 'starting', updatedAt: NOW });
  const found = plan(group, [booting, changed(group, 'app-nrt-2'), changed(group, 'app-nrt-3')]);
  expect(now(found)).toEqual([]);
  expect(found.holds.map(({ reason }) => reason)).toEqual(['WaitingForHealth']);
});
test('a clone made by hand is destroyed', () => {
  const group = aGroup();
  const origin = aMachine(group, 'app-nrt-1');
  const clone = aMachine(group, 'wild-river-1', { stamp: aStamp(group, 'app-nrt-1') });
  const found = plan(group, [origin, clone]);
  expect(now(found)).toEqual(['destroy wild-river-1']);
  expect(found.drifts.map(({ subject }) => subject)).toEqual(['wild-river-1']);
});
test('a clone whose origin is gone is counted under its own name, without a restart', () => {
  const group = aGroup();
  const clone = aMachine(group, 'wild-river-1', { stamp: aStamp(group, 'app-nrt-1') });
  const found = plan(group, [clone]);
  expect(now(found)).toEqual(['restamp wild-river-1']);
  expect(found.now[0]).toMatchObject({ restarts: false });
});
test('a clone with a volume waits for a person', () => {
  const group = aGroup();
  const clone = aMachine(group, 'wild-river-1', { stamp: aStamp(group, 'app-nrt-1') });
  const observed = observedApp({
    machines: [aMachine(group, 'app-nrt-1'), clone],
    volumes: [aVolume('vol_1', { attachedMachine: clone.id })],
  });
  const found = planGroup(aContext({ app: anApp({ groups: [group] }), observed }), group);
  expect(found.now[0]?.needsApproval).toContain('vol_1');
});
test('a stopped machine that must run is started at once', () => {
  const group = aGroup();
  const found = plan(group, [aMachine(group, 'app-nrt-1', { state: 'stopped' })]);
  expect(now(found)).toEqual(['start app-nrt-1']);
  expect(found.now[0]).toMatchObject({ urgent: true });
});
test('a machine stopped by autostop is left alone', () => {
  const group = aGroup({ autostop: 'stop' });
  expect(plan(group, [aMachine(group, 'app-nrt-1', { state: 'stopped' })])).toMatchObject({ now: [], drifts: [] });
});
test('fewer started than min_machines_running in the primary region: one is started', () => {
  const group = aGroup({ autostop: 'stop', minMachinesRunning: 1, machines: { nrt: 1, fra: 1 } });
  const found = plan(group, [
    aMachine(group, 'app-nrt-1', { state: 'stopped' }),
    aMachine(group, 'app-fra-1', { region: regionCode('fra') }),
  ]);
  expect(now(found)).toEqual(['start app-nrt-1']);
  expect(found.now[0]).toMatchObject({ cause: 'floor', urgent: true });
});
test('a cordoned machine is uncordoned', () => {
  const group = aGroup();
  expect(now(plan(group, [aMachine(group, 'app-nrt-1', { cordoned: true })]))).toEqual(['uncordon app-nrt-1']);
});
test('a machine in a region that git does not name goes after its successor serves', () => {
  const group = aGroup();
  const away = aMachine(group, 'app-fra-1', { region: regionCode('fra') });
  expect(now(plan(group, [away]))).toEqual(['create app-nrt-1']);
  expect(now(plan(group, [away, aMachine(group, 'app-nrt-1')]))).toEqual(['destroy app-fra-1']);
});
test('a range keeps what is inside it', () => {
  const group = aGroup({ regions: [{ region: regionCode('nrt'), min: 1, max: 3 }] });
  expect(now(plan(group, [aMachine(group, 'app-nrt-1'), aMachine(group, 'app-nrt-2')]))).toEqual([]);
});
test('a full region hands on to the next one', () => {
  const group = aGroup({ machines: { nrt: 1, hnd: 1 } });
  const memory = { ...settled, noCapacity: { 'app/nrt': NOW } };
  const found = plan(group, [aMachine(group, 'app-hnd-1', { region: regionCode('hnd') })], { memory });
  expect(now(found)).toEqual(['create app-hnd-2']);
});
test('a full region without another one is a hold', () => {
  const group = aGroup();
  const found = plan(group, [], { memory: { ...settled, noCapacity: { 'app/nrt': NOW } } });
  expect(found.now).toEqual([]);
  expect(found.holds.map(({ reason }) => reason)).toEqual(['NoCapacity']);
});
test('a machine with a mount waits for a free volume and takes it', () => {
  const mount = { name: 'data', path: '/data', initialSizeGb: 1, snapshotRetention: null, scheduledSnapshots: null };
  const config: MachineConfig = aConfig({ mounts: [{ name: 'data', path: '/data' }] });
  const group = aGroup({ config, mount });
  expect(plan(group, []).holds.map(({ reason }) => reason)).toEqual(['WaitingForVolume']);
  const observed = observedApp({ volumes: [aVolume('vol_1')] });
  const found = planGroup(aContext({ app: anApp({ groups: [group] }), observed }), group);
  expect(found.now[0]?.action).toMatchObject({ verb: 'create', config: { mounts: [{ volume: 'vol_1' }] } });
});
test('a machine on a sick host is counted and not touched', () => {
  const group = aGroup();
  const found = plan(group, [aMachine(group, 'app-nrt-1', { hostStatus: 'unreachable', config: null })]);
  expect(found.now).toEqual([]);
  expect(found.holds.map(({ reason }) => reason)).toEqual(['HostUnreachable']);
});
test('standbys do not count and are not started', () => {
  const group = aGroup();
  const standby = aMachine(group, 'app-nrt-2', { state: 'stopped', config: aConfig({ standbys: [machineId('mapp-nrt-1')] }) });
  expect(now(plan(group, [aMachine(group, 'app-nrt-1'), standby]))).toEqual([]);
});
test('what somebody wrote already is only noted in the stamp', () => {
  const group = aGroup();
  const machine = aMachine(group, 'app-nrt-1', {
    stamp: aStamp(group, 'app-nrt-1', { hash: aGroup({ config: aConfig({ env: {} }) }).hash }),
  });
  const found = plan(group, [machine]);
  expect(now(found)).toEqual(['restamp app-nrt-1']);
});
test('a commit that changes nothing of a machine writes nothing to it', () => {
  const group = aGroup();
  const machine = aMachine(group, 'app-nrt-1', { stamp: aStamp(group, 'app-nrt-1', { generation: 1 }) });
  expect(now(plan(group, [machine], { memory: { ...settled, syncedRevision: 'an-older-one' } }))).toEqual([]);
});
test('the order of the list of machines changes nothing', () => {
  const group = aGroup({ machines: { nrt: 1 } });
  const machines = [aMachine(group, 'app-nrt-1'), aMachine(group, 'app-nrt-2'), aMachine(group, 'app-nrt-3')];
  expect(now(plan(group, machines))).toEqual(now(plan(group, machines.toReversed())));
});
