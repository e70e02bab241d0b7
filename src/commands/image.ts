/** `trimtab image set`: the image of an app, written into the YAML of desired state. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { withImageInYaml } from '#domain/image-in-yaml.ts';
import { act, type Common } from './act.ts';
import { appImage } from './releases.ts';

export function registerImage(program: Command): void {
  program
    .command('image')
    .description('images in desired state')
    .command('set')
    .description('writes the image of an app into the YAML; comments and layout stay')
    .argument('<app=image>', 'such as backend=registry.fly.io/acme-backend:v42')
    .requiredOption('-e, --environment <name>', 'its folder in desired-state')
    .action(
      act(async (context, config, named: string, { environment = '' }: Common) => {
        const folder = join(resolve(config.source), 'desired-state', environment);
        const [[app, image] = ['', '']] = appImage(named);
        for (const file of yamlFiles(folder)) {
          const changed = withImageInYaml(readFileSync(file, 'utf8'), app, image);
          if (changed === null) continue;
          writeFileSync(file, changed);
          context.out(context.json ? `${JSON.stringify({ file, app, image })}\n` : `${file}: ${app} has image ${image}\n`);
          return 0;
        }
        context.err(`error: no app ${app} under ${folder}\n  TRIMTAB_SOURCE must be a folder; see \`trimtab status\` for names\n`);
        return 1;
      }),
    );
}
function yamlFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.yaml'))
      .map((path) => join(folder, path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
