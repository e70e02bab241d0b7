/** What a GitHub workflow tells its steps by environment variables. */
import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import type { GitHubPlace } from '#cli/github-plan.ts';
import { failure, type TrimtabError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { makeGitHub } from '#platform/github.ts';

const PullRequestEvent = z.object({ pull_request: z.object({ number: z.number() }) });

export function githubPlace(variables: Readonly<Record<string, string | undefined>>, version: string): Result<GitHubPlace, TrimtabError> {
  const summary = variables['GITHUB_STEP_SUMMARY'];
  const summarize = summary === undefined ? null : (text: string): Promise<void> => appendFile(summary, `${text}\n`);
  const outputs = variables['GITHUB_OUTPUT'];
  const output =
    outputs === undefined ? {} : { output: (name: string, value: string): Promise<void> => appendFile(outputs, `${name}=${value}\n`) };
  const number = pullRequestOf(variables['GITHUB_EVENT_PATH']);
  if (number === null) return ok({ summarize, ...output, pull: null });
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository } = variables;
  if (token === undefined || repository === undefined)
    return err(failure('GITHUB_REFUSED', 'a comment on the pull request needs GITHUB_TOKEN and GITHUB_REPOSITORY'));
  const apiUrl = variables['GITHUB_API_URL'] ?? 'https://api.github.com';
  const github = makeGitHub({ apiUrl, repository, token, userAgent: `trimtab/${version}`, fetch: (request) => fetch(request) });
  return ok({ summarize, ...output, pull: { number, github } });
}
/** Null: the run was not started by a pull request. */
function pullRequestOf(path: string | undefined): number | null {
  if (path === undefined) return null;
  const event = PullRequestEvent.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return event.success ? event.data.pull_request.number : null;
}
