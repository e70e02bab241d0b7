/** Commands about releases. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { Duration, ImageText, MemoryMb } from '#domain/desired-scalars.ts';
import type { Ms } from '#domain/units.ts';
import { act, type Common, selection, UNLOCKED, type Unlocked, withLock } from './act.ts';

const releases = () => import('#cli/releases.ts');
const span = (text: string): Ms => {
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('a duration such as 30m or 2h');
  return parsed.data;
};
const memory = (text: string): number => {
  const parsed = MemoryMb.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (!parsed.success) throw new InvalidArgumentError('memory such as 512mb or 2gb');
  return parsed.data;
};
/** `backend=registry.fly.io/acme-backend:v42`, any number of times. */
export function appImage(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  const [app, image] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || !ImageText.safeParse(image).success)
    throw new InvalidArgumentError('APP=IMAGE, such as backend=registry.fly.io/acme-backend:v42');
  return new Map([...before, [app, image]]);
}
interface Deploy extends Common, Unlocked {
  readonly plan?: string;
  readonly image?: ReadonlyMap<string, string>;
  readonly timeout: string;
}

interface Rollback extends Common, Readonly<Record<'reason' | 'timeout', string>> {
  readonly to?: string;
  readonly commit?: boolean;
}

export function registerReleases(program: Command): void {
  program
    .command('deploy')
    .description('releases what git says now, and shows the phases until it is live or back')
    .argument('[environment]')
    .option('-a, --app <name>', 'let only this app through')
    .option('--plan <hash>', 'only if this is what would run')
    .option('--image <app=image>', 'run this image until git names another one', appImage)
    .option('--timeout <seconds>', 'give up watching after', '1800')
    .option('--unlocked', UNLOCKED)
    .action(
      act(async (context, _config, environment: string | undefined, { plan, image, timeout, ...options }: Deploy) =>
        (await releases()).deploy(withLock(context, options), selection(environment, options), {
          plan: plan ?? null,
          images: image ?? new Map(),
          limitS: Number(timeout),
        }),
      ),
    );
  program
    .command('approve')
    .description('a person’s word for what waits for one')
    .argument('[environment]')
    .option('-a, --app <name>', 'only this app')
    .option('--plan <hash>', 'only if this is what would run')
    .action(
      act(async (context, _config, environment: string | undefined, { plan, ...options }: Common & { readonly plan?: string }) =>
        (await releases()).approve(context, selection(environment, options), plan ?? null),
      ),
    );
  program
    .command('history')
    .description('every release: when, what, by whom, and what came of it')
    .argument('[environment]')
    .option('-a, --app <name>', 'only this app, with the platform’s own list')
    .option('--limit <count>', 'so many', '20')
    .action(
      act(async (context, _config, environment: string | undefined, { limit, ...options }: Common & { readonly limit: string }) =>
        (await releases()).history(context, selection(environment, options), Number(limit)),
      ),
    );
  registerWays(program);
  registerWords(program);
}
function registerWays(program: Command): void {
  program
    .command('rollback')
    .description('goes back to what ran before, and pins what git says until git agrees')
    .argument('[environment]')
    .option('-a, --app <name>', 'only this app')
    .option('--to <release>', 'a revision, a commit, #12 of the history, or 12 of the platform’s list of an app; default: the one before')
    .option('--reason <text>', 'for the audit', 'no reason given')
    .option('--commit', 'write it into the folder of desired state too, and commit it there')
    .option('--timeout <seconds>', 'give up watching after', '1800')
    .action(
      act(async (context, config, environment: string | undefined, { to, reason, timeout, commit, ...options }: Rollback) => {
        const root = resolve(config.source);
        if (commit === true && !existsSync(root)) {
          context.err(`error: ${config.source} is no folder\n  --commit writes where people edit: set TRIMTAB_SOURCE to a clone\n`);
          return 1;
        }
        const tree = commit === true ? await (await import('#platform/source/work-tree.ts')).openWorkTree(root, context.signal) : null;
        const asked = { to: to ?? null, reason, limitS: Number(timeout), tree };
        return (await releases()).rollback(context, selection(environment, options), asked);
      }),
    );
  program
    .command('override')
    .description('an image, a count or a size for a while, whatever git says')
    .argument('<environment>')
    .argument('<app>')
    .option('--image <image>')
    .option('--count <machines>', 'machines per region that git names')
    .option('--region <code>', 'with --count: only there')
    .option('--vm <size>', 'such as shared-cpu-2x')
    .option('--memory <amount>', 'with --vm', memory)
    .option('--group <name>', 'only this process group')
    .option('--for <span>', 'how long', span)
    .option('--reason <text>')
    .option('--end', 'follow git again')
    .action(act(overrideCommand));
}
interface OverrideOptions {
  readonly image?: string;
  readonly count?: string;
  readonly region?: string;
  readonly vm?: string;
  readonly memory?: number;
  readonly group?: string;
  readonly for?: Ms;
  readonly reason?: string;
  readonly end?: boolean;
}
const overrideCommand: Parameters<typeof act<[string, string, OverrideOptions]>>[0] = async (
  context,
  _config,
  environment,
  app,
  options,
) => {
  const { endOverride, override } = await releases();
  if (options.end === true) return endOverride(context, environment, app);
  const { image, count, region, vm, memory: memoryMb, group, for: time, reason } = options;
  const given = [image, count, vm].filter((one) => one !== undefined).length;
  if (given !== 1 || time === undefined || reason === undefined || (count !== undefined && !/^\d+$/.test(count))) {
    context.err('error: name exactly one of --image, --count and --vm, with --for and --reason; or --end\n');
    return 1;
  }
  return override(context, environment, {
    ...{ app, reason, span: time, image: image ?? null, group: group ?? null },
    count: count === undefined ? null : { region: region ?? null, machines: Number(count) },
    vm: vm === undefined ? null : { size: vm, memoryMb: memoryMb ?? null },
  });
};
function registerWords(program: Command): void {
  program
    .command('pause')
    .description('no release begins for a while; what is under way ends, drift is still corrected')
    .argument('<environment>')
    .requiredOption('--for <span>', 'how long', span)
    .requiredOption('--reason <text>', 'for those who wonder')
    .action(
      act(async (context, _config, environment: string, options: { readonly for: Ms; readonly reason: string }) =>
        (await releases()).pause(context, environment, options.for, options.reason),
      ),
    );
  program
    .command('resume')
    .description('releases go on')
    .argument('<environment>')
    .action(act(async (context, _config, environment: string) => (await releases()).resume(context, environment)));
  program
    .command('release')
    .description('what failed and is pinned')
    .command('retry')
    .description('lifts the pins, and tries again')
    .argument('<environment>')
    .option('-a, --app <name>', 'only of this app')
    .action(
      act(async (context, _config, environment: string, { app }: Common) => (await releases()).retry(context, environment, app ?? null)),
    );
}
