/** A plan where GitHub's people look: the summary of a workflow's run, and one comment on the pull request that is kept up to date. */
import type { TrimtabError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { AppPlan } from '#engine/operator.ts';
import type { Commented, GitHub } from '#platform/github.ts';
import { hasChanges, planMarkdown } from './plan-text.ts';

export interface GitHubPlace {
  /** Appends to the summary of the run; null outside a workflow. */
  readonly summarize: ((text: string) => Promise<void>) | null;
  /** Gives later steps of the run a value; absent outside a workflow. */
  readonly output?: (name: string, value: string) => Promise<void>;
  /** Null: this run belongs to no pull request. */
  readonly pull: { readonly number: number; readonly github: GitHub } | null;
}
const MARKER = '<!-- trimtab plan -->';

/** Silent when nothing changes: then there is no comment, and one that was there goes. */
export async function tellGitHub(
  place: GitHubPlace,
  plans: readonly AppPlan[],
  signal: AbortSignal,
): Promise<Result<Commented | null, TrimtabError>> {
  const text = planMarkdown(plans);
  await place.summarize?.(text);
  // What the reviewers see is what the deploy after their gate approves.
  const hash = plans.find(({ approves }) => approves !== undefined)?.approves;
  if (hash !== undefined) await place.output?.('plan', hash);
  if (place.pull === null) return ok(null);
  const says = plans.some((one) => hasChanges(one) || one.error !== null);
  return place.pull.github.comment(place.pull.number, MARKER, says ? text : null, signal);
}
