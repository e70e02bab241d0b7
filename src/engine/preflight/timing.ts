/** Would a release begin now, or wait? */
import { instantToIso } from '#domain/units.ts';
import { windowHold, windowsHolding } from '#domain/window.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import { failing, fine, type PreflightDeps, type Scene, warning } from './part.ts';

export function timingItems({ clock, halted }: Pick<PreflightDeps, 'clock' | 'halted'>, { environment }: Scene): readonly PhaseItem[] {
  const stopped = halted(environment.name);
  const hold = windowHold(windowsHolding(environment.sync.windows, 'releases'), clock.now());
  const { mode } = environment.sync;
  return [
    stopped === null
      ? fine('writes', 'allowed')
      : failing('writes', `stopped: ${stopped}`, '`trimtab halt --off`, or unset TRIMTAB_READ_ONLY'),
    hold === null
      ? fine('windows', environment.sync.windows.length === 0 ? 'none' : 'open')
      : warning('windows', `${hold.reason}, until ${instantToIso(hold.until)}`, 'a release waits until then, or for an approval'),
    mode === 'observe'
      ? warning('mode', 'observe: nothing is ever written', 'set sync.mode: manual or automatic to release')
      : fine('mode', mode === 'manual' ? 'manual: a release waits for `trimtab apply`' : 'automatic'),
  ];
}
