/** Process groups of a fly.toml, and which section belongs to which. */
import type { FlyToml } from './schema.ts';

const USUAL = 'app';
/** Sorted; one group named `app` where none is stated. */
export function groupNames({ processes = {} }: Pick<FlyToml, 'processes'>): readonly string[] {
  const names = Object.keys(processes).sort();
  return names.length === 0 ? [USUAL] : names;
}
/** Where sections without `processes` go. */
export const defaultGroup = (names: readonly string[]): string => (names.includes(USUAL) ? USUAL : (names[0] ?? USUAL));

export interface GroupScene {
  readonly group: string;
  readonly isDefault: boolean;
}
interface Grouped {
  readonly processes?: readonly string[] | undefined;
}
export const belongsTo = ({ group, isDefault }: GroupScene, { processes = [] }: Grouped): boolean =>
  processes.length === 0 ? isDefault : processes.some((name) => name === group || (name === '' && isDefault));
export const sectionsOf = <Section extends Grouped>(scene: GroupScene, sections: readonly Section[] | undefined): readonly Section[] =>
  (sections ?? []).filter((section) => belongsTo(scene, section));
/** Of sizes: one that names the group, else the first one for all. The last one that names it wins. */
export function sizeOf<Section extends Grouped>(scene: GroupScene, sections: readonly Section[] | undefined): Section | null {
  const fitting = (sections ?? []).filter((section) => (section.processes ?? []).length === 0 || belongsTo(scene, section));
  return fitting.findLast(({ processes = [] }, at) => at > 0 && processes.includes(scene.group)) ?? fitting[0] ?? null;
}
