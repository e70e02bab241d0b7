/** Secret values: is every one there, and does it obey its rules? Asked of the sources now; no value is shown. */
import { remedyOf } from '#domain/errors.ts';
import type { PhaseItem } from '#engine/release-ports.ts';
import { failing, fine, type Part, skipped } from './part.ts';

export const secretItems: Part = async ({ secrets }, { environment, apps }, signal) => {
  const items: PhaseItem[] = [];
  for (const app of apps) {
    const names = Object.keys(app.secrets ?? {});
    const what = `secrets ${app.name}`;
    if (names.length === 0) continue;
    if (secrets === null) {
      items.push(skipped(what, 'this build reads no secrets'));
      continue;
    }
    const read = await secrets.fingerprints(environment, app, signal);
    if (!read.ok) items.push(failing(what, read.error.message, remedyOf(read.error)));
    else {
      const found = Object.keys(read.value.fingerprints).length;
      items.push(...read.value.problems.map(({ message, remedy }) => failing(what, message, remedy)));
      if (read.value.problems.length === 0) items.push(fine(what, `${found} of ${names.length} are given, all by their rules`));
    }
  }
  return items;
};
