/** `trimtab import`: finds apps and fly.toml files, writes the folder, says what it did. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { type CliContext, type ExitCode, sayError } from '#cli/context.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { appName, orgSlug } from '#domain/ids.ts';
import { ok, type Result } from '#domain/result.ts';
import { importEnvironment, importText } from '#engine/import.ts';
import type { FlyClient } from '#platform/fly/port.ts';
import { openPlatform } from '#src/compose.ts';
import { DESIRED_FOLDER } from '#src/compose-source.ts';
import type { Config } from '#src/config.ts';

type Options = Readonly<Record<string, string | boolean | undefined>>;
const MODES = ['observe', 'manual', 'automatic'] as const;

export async function importCommand(context: CliContext, config: Config, environment: string, options: Options): Promise<ExitCode> {
  const root = resolve(String(options['folder'] ?? config.source));
  const mode = MODES.find((one) => one === options['mode']);
  if (mode === undefined) return refuse(context, `--mode ${String(options['mode'])}`, `one of ${MODES.join(', ')}`);
  const folder = join(root, DESIRED_FOLDER, environment);
  if (existsSync(folder) && options['force'] !== true)
    return refuse(context, `${folder} exists already`, 'use --force to overwrite it, or another name');
  const platform = await openPlatform(config);
  if (!platform.ok) return sayError(context, platform.error);
  try {
    const organization = orgSlug(String(options['org']));
    const apps = await appsOf(platform.value.fly, organization, options['app'], context.signal);
    if (!apps.ok) return sayError(context, apps.error);
    if (apps.value.length === 0) return refuse(context, `organization ${organization} has no app`, 'check --org');
    const configs = await configsOf(root, options['config']);
    const request = { environment, organization, mode, desiredFolder: DESIRED_FOLDER, apps: apps.value.map(appName), configs };
    const imported = await importEnvironment({ fly: platform.value.fly }, request, context.signal);
    if (!imported.ok) return sayError(context, imported.error);
    if (imported.value.problems.length > 0) {
      context.err(`${importText({ ...imported.value, files: new Map() })}\nnothing was written\n`);
      return 1;
    }
    for (const [path, text] of imported.value.files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    if (context.json) context.out(`${JSON.stringify({ files: [...imported.value.files.keys()], notes: imported.value.notes }, null, 2)}\n`);
    else context.out(`${importText(imported.value)}\nnext: trimtab plan ${environment}\n`);
    return 0;
  } finally {
    await platform.value.close();
  }
}
function refuse(context: CliContext, what: string, remedy: string): ExitCode {
  context.err(`error: ${what}\n  ${remedy}\n`);
  return 1;
}
async function appsOf(
  fly: FlyClient,
  organization: ReturnType<typeof orgSlug>,
  named: Options[string],
  signal: AbortSignal,
): Promise<Result<readonly string[], TrimtabError>> {
  if (typeof named === 'string') return ok(named.split(',').map((name) => name.trim()));
  const listed = await fly.listApps(organization, signal);
  return listed.ok
    ? ok(
        listed.value
          .map(({ name }) => name)
          .filter((name) => !name.startsWith('fly-builder-'))
          .sort(),
      )
    : listed;
}
/** By the app they name. Files that name none, or cannot be read, are left out. */
async function configsOf(
  root: string,
  named: Options[string],
): Promise<ReadonlyMap<string, { readonly path: string; readonly text: string }>> {
  const found = new Map<string, { readonly path: string; readonly text: string }>();
  for (const path of typeof named === 'string'
    ? named.split(',').map((one) => resolve(one.trim()))
    : await tomlsIn(join(root, 'infra', 'fly'))) {
    const text = await readFile(path, 'utf8');
    const app = appNamedIn(text);
    if (app !== null) found.set(app, { path: relative(root, path), text });
  }
  return found;
}
async function tomlsIn(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => name.endsWith('.toml')).map((name) => join(folder, name));
}
function appNamedIn(text: string): string | null {
  try {
    const { app } = parse(text);
    return typeof app === 'string' ? app : null;
  } catch {
    return null;
  }
}
