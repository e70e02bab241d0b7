/** `make dashboards`: writes infra/grafana/*.json. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES } from './pages.ts';
import { dashboard } from './panels.ts';

export const textsByFile: ReadonlyMap<string, string> = new Map(
  PAGES.map((page) => [`${page.uid}.json`, `${JSON.stringify(dashboard(page), null, 2)}\n`]),
);
const folder = join(import.meta.dirname, '../grafana');
if (process.argv[1] === import.meta.filename) for (const [file, text] of textsByFile) writeFileSync(join(folder, file), text);
