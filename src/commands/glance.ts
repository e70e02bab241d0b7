/** `trimtab look`: a token and an organization are enough. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { type CliContext, type ExitCode, sayError } from '#cli/context.ts';
import { lookText } from '#cli/look-text.ts';
import { orgSlug } from '#domain/ids.ts';
import { lookAtOrganization } from '#engine/look.ts';
import { realClock } from '#platform/clock.ts';
import { readPriceBook } from '#platform/price-file.ts';
import { openPlatform } from '#src/compose.ts';
import type { Config } from '#src/config.ts';

export async function glance(context: CliContext, config: Config, organization: string, folder: string | null): Promise<ExitCode> {
  const book = await readPriceBook(config.priceBook);
  if (!book.ok) return sayError(context, book.error);
  const platform = await openPlatform(config);
  if (!platform.ok) return sayError(context, platform.error);
  try {
    const configs = await tomlsUnder(resolve(folder ?? config.source));
    const request = { organization: orgSlug(organization), book: book.value, configs };
    const look = await lookAtOrganization({ fly: platform.value.fly, clock: realClock }, request, context.signal);
    if (!look.ok) return sayError(context, look.error);
    context.out(context.json ? `${JSON.stringify(look.value, null, 2)}\n` : lookText(look.value));
    return 0;
  } finally {
    await platform.value.close();
  }
}
const DEEPEST = 4;
const NOT_OURS: readonly string[] = ['node_modules', '.git', 'vendor', '.trimtab'];
/** `fly.toml` and `*.fly.toml`, a few folders deep, by the app they name. What cannot be read is left out. */
async function tomlsUnder(root: string): Promise<ReadonlyMap<string, { readonly path: string; readonly text: string }>> {
  const found = new Map<string, { readonly path: string; readonly text: string }>();
  const search = async (folder: string, depth: number): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < DEEPEST && !NOT_OURS.includes(entry.name)) await search(path, depth + 1);
      if (!entry.isFile() || !/(^|\.)fly\.toml$/.test(entry.name)) continue;
      const text = await readFile(path, 'utf8');
      const app = appIn(text);
      if (app !== null) found.set(app, { path: relative(root, path), text });
    }
  };
  await search(root, 0);
  return found;
}
function appIn(text: string): string | null {
  try {
    const { app } = parse(text);
    return typeof app === 'string' ? app : null;
  } catch {
    return null;
  }
}
