/** Secret values: is every one there, and does it obey its rules? The sources are asked now; no value is shown. */
import type { PhaseItem } from '#engine/release-ports.ts';
import { failing, fine, type Part } from './part.ts';

export const secretItems: Part = async ({ secrets }, { environment, apps }, signal) => {
  const items: PhaseItem[] = [];
  for (const app of apps) {
    const declared = Object.entries(app.secrets ?? {});
    if (declared.length === 0) continue;
    const readings = await secrets.read(environment, app, 'asked', signal);
    const faults = declared.flatMap(([name]) =>
      (readings.get(name)?.faults ?? []).map(({ message, remedy }) => failing(`secret ${app.name}/${name}`, message, remedy)),
    );
    const given = declared.filter(([name]) => (readings.get(name)?.fingerprint ?? null) !== null).length;
    const pushed = declared.filter(([, { from }]) => from.pushed !== undefined).length;
    const elsewhere = pushed === 0 ? '' : `, ${pushed} pushed by \`trimtab secrets sync\``;
    items.push(...faults);
    if (faults.length === 0)
      items.push(fine(`secrets ${app.name}`, `${given} of ${declared.length} are given, by their rules${elsewhere}`));
  }
  return items;
};
