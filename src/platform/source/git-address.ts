/** `https://host/repo.git#branch:folder`: which repository, which branch, which folder of it holds the YAML files. */
export interface GitAddress {
  readonly url: string;
  /** Null: the repository's default branch. */
  readonly branch: string | null;
  readonly folder: string;
}

/** Only transports that carry data: `ext::` and its like run commands. */
const URL_FORM = /^(https?|ssh|git|file):\/\/\S+$/;
/** git@host:owner/repo.git */
const SCP_FORM = /^[\w.-]+@[\w.-]+:[^\s:][^\s]*$/;
/** What git allows in a branch name, less what could be taken for an option or a range. */
const BRANCH = /^(?![-/.])(?!.*(\.\.|@\{|\/\/))[\w./+@-]+$/;

export const isGitAddress = (text: string): boolean => {
  const [url = ''] = text.split('#', 1);
  return URL_FORM.test(url) || SCP_FORM.test(url);
};

/** Null when the text is no address of a repository. */
export function parseGitAddress(text: string, defaultFolder: string): GitAddress | null {
  if (!isGitAddress(text)) return null;
  const at = text.indexOf('#');
  const url = at < 0 ? text : text.slice(0, at);
  const [branch = '', ...rest] = at < 0 ? [] : text.slice(at + 1).split(':');
  if (branch !== '' && !BRANCH.test(branch)) return null;
  return { url, branch: branch === '' ? null : branch, folder: rest.length === 0 ? defaultFolder : rest.join(':') };
}

/** Without the credentials that a URL may carry. */
export const withoutCredentials = (text: string): string => text.replace(/(\w+:\/\/)[^/@\s]+@/g, '$1');
