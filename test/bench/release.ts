/** A release that fails, from its failure until the last good revision is live again, against an ordinary one; and a newer commit against a stuck release. In
 *  simulated time. */
import type { Event } from '#domain/events.ts';
import { seconds } from '#domain/units.ts';
import { type Harness, makeHarness } from '#test/support/harness.ts';
import { oneApp } from '#test/support/worlds.ts';
import { type Figure, round } from './figure.ts';

const LOOK_S = 0.5;
const world = (tag: string) => oneApp({ machines: '{ nrt: 6 }', image: `registry.fly.io/acme-web:${tag}` });
const commit = (harness: Harness, tag: string): void => {
  for (const [path, text] of Object.entries(world(tag))) harness.files.set(path, text);
};
/** Seconds until the next event of this kind. */
async function until(harness: Harness, is: (event: Event) => boolean): Promise<number> {
  const known = harness.events.length;
  for (let spent = 0; spent < 2_400; spent++) {
    if (harness.events.slice(known).some(is)) return spent * LOOK_S;
    await harness.clock.advance(seconds(LOOK_S));
  }
  throw new Error('it never comes');
}
const isAccepted = ({ type }: Event): boolean => type === 'RevisionAccepted';
const isEnded =
  (result: string) =>
  (event: Event): boolean =>
    event.type === 'ReleaseEnded' && event.result === result;
async function released(harness: Harness, tag: string, result: string): Promise<number> {
  commit(harness, tag);
  await until(harness, isAccepted);
  return until(harness, isEnded(result));
}

export async function measureRelease(): Promise<readonly Figure[]> {
  const harness = await makeHarness({ files: world('v1'), seed: 'release' });
  await harness.untilSettled(600);
  const ordinary = await released(harness, 'v2', 'complete');
  commit(harness, 'v3-crash');
  await until(harness, isAccepted);
  const seen = await until(harness, ({ type }) => type === 'ReleaseFailing');
  const failed = await until(harness, isEnded('failed'));
  if (harness.machines('acme-web').some(({ image }) => image.tag !== 'v2')) throw new Error('it is not back on the last good revision');
  commit(harness, 'v4-failing');
  await until(harness, isAccepted);
  await harness.clock.advance(seconds(60));
  commit(harness, 'v5');
  await until(harness, isAccepted);
  const superseded = harness.events.some(isEnded('superseded')) ? 0 : await until(harness, isEnded('superseded'));
  await harness.stop();
  const note = `${round(failed)} s from its failure, which was told after ${round(seen)} s; an ordinary one takes ${round(ordinary)} s`;
  return [
    { name: 'failed_release_to_last_good', value: round(failed / ordinary), unit: 'ratio', limit: 1.3, work: false, note },
    { name: 'newer_commit_preempts_stuck_release', value: round(superseded), unit: 's', limit: 5, work: false },
  ];
}
