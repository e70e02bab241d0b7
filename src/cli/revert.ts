/** `rollback --commit`: git is made to say what runs again. Each app's document and its fly.toml as they stood in the commit that is gone back to;
 *  where no commit is known (the platform's own list), its image alone. */
import { appInYaml, withAppOf } from '#domain/app-in-yaml.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { failure } from '#domain/errors.ts';
import { withImageInYaml } from '#domain/image-in-yaml.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { WentBack } from '#engine/release-operator.ts';
import type { WorkTree } from '#platform/source/work-tree.ts';

export interface Reverted {
  readonly files: readonly string[];
  /** Null: git says it already, or this is no git work tree. */
  readonly commit: { readonly sha: string; readonly branch: string } | null;
}
export async function revertIn(
  tree: WorkTree,
  environment: string,
  back: WentBack,
  reason: string,
): Promise<Result<Reverted, TrimtabError>> {
  const folder = `desired-state/${environment}`;
  const now = new Map(tree.yamlFiles(folder));
  const changed = new Map<string, string>();
  for (const { name, commit, image } of back.was) {
    const found = [...now].find(([, text]) => appInYaml(text, name) !== null);
    if (found === undefined)
      return err(failure('UNKNOWN_NAME', `no app ${name} under ${folder}: TRIMTAB_SOURCE must be the folder people edit`));
    const [path, text] = found;
    const before = commit === null ? null : await documentAt(tree, commit, folder, name);
    const next = before === null ? (image === null ? null : withImageInYaml(text, name, image)) : withAppOf(text, before.text, name);
    if (next === null)
      return err(failure('UNKNOWN_NAME', `what ${name} was is not in this clone: fetch it (${commit ?? 'no commit is known'})`));
    now.set(path, next);
    if (next !== text) changed.set(path, next);
    const config = before?.config ?? null;
    const toml = config === null || commit === null ? null : await tree.readAt(commit, config);
    if (config !== null && toml !== null && toml !== tree.read(config)) changed.set(config, toml);
  }
  if (changed.size === 0) return ok({ files: [], commit: null });
  const done = await tree.commit(changed, `${environment}: back to ${back.to.slice(0, 12)} (${back.apps.join(', ')})\n\n${reason}`);
  return done.ok ? ok({ files: [...changed.keys()], commit: done.value }) : done;
}
async function documentAt(tree: WorkTree, commit: string, folder: string, name: string) {
  for (const text of (await tree.yamlFilesAt(commit, folder)).values()) {
    const place = appInYaml(text, name);
    if (place !== null) return { text, config: place.config };
  }
  return null;
}
export function revertedText({ files, commit }: Reverted): string {
  if (files.length === 0) return 'git says it already\n';
  if (commit === null) return `written: ${files.join(', ')}\n`;
  return `${files.join(', ')}: committed ${commit.sha.slice(0, 12)} on ${commit.branch}; push it, and git agrees\n`;
}
