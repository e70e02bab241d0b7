/** When the heap is collected: after it has grown by a step since it was smallest, and never in between. */
import { expect, test } from 'vitest';
import { makeHeapKeeper } from '#platform/heap.ts';

const MB = 1_024 * 1_024;
function scene(live: number) {
  const at = { used: live * MB, live: live * MB, collected: 0 };
  const keep = makeHeapKeeper(
    () => {
      at.used = at.live;
      at.collected += 1;
    },
    () => at.used,
  );
  return {
    at,
    /** How often it was collected, after every step of a megabyte. */
    grow: (by: number): number => {
      for (let mb = 0; mb < by; mb++) {
        at.used += MB;
        keep();
      }
      return at.collected;
    },
    keep,
  };
}

test('garbage is collected step by step, and never more than a step of it gathers', () => {
  const { at, grow, keep } = scene(50);
  keep();
  expect(at.collected).toBe(1);
  expect(grow(6)).toBe(1);
  expect(grow(1)).toBe(2);
  expect(at.used).toBe(50 * MB);
  expect(grow(70)).toBe(12);
});
test('what V8 has collected by itself counts', () => {
  const { at, grow, keep } = scene(50);
  keep();
  grow(5);
  at.used = 40 * MB;
  keep();
  expect(grow(6)).toBe(1);
  expect(grow(1)).toBe(2);
});
test('what lives may grow: it is not collected again and again', () => {
  const { at, grow, keep } = scene(50);
  keep();
  at.live = 200 * MB;
  at.used = 200 * MB;
  keep();
  expect(at.collected).toBe(2);
  expect(grow(5)).toBe(2);
});
test('without the word of the launcher nothing happens', () => {
  let asked = 0;
  makeHeapKeeper(null, () => {
    asked += 1;
    return 0;
  })();
  expect(asked).toBe(0);
});
