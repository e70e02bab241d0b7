/** git in one bare repository, with everything off that could run something or ask somebody. */
import { GitError, type SimpleGit, simpleGit } from 'simple-git';
import { Bug } from '#domain/result.ts';

export interface Git {
  run(command: readonly string[]): Promise<string>;
  /** Null when git says no. */
  tryRun(command: readonly string[]): Promise<string | null>;
  /** Objects by name, in one go: `git cat-file --batch`. */
  batch(names: readonly string[]): Promise<Uint8Array>;
}

/** git did not do it. The message is git's first line. */
export class GitFailed extends Error {}

/** On top of simple-git's own guard, which drops GIT_* of the environment and refuses option smuggling. */
const CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'credential.interactive=false',
  'protocol.allow=never',
  'protocol.https.allow=always',
  'protocol.http.allow=always',
  'protocol.ssh.allow=always',
  'protocol.git.allow=always',
  'protocol.file.allow=always',
  'transfer.fsckObjects=true',
  'gc.auto=0',
  'maintenance.auto=false',
];

export function makeGit(directory: string, signal: AbortSignal): Git {
  const open = (input?: string): SimpleGit =>
    simpleGit({
      baseDir: directory,
      abort: signal,
      config: CONFIG,
      trimmed: false,
      // These settings of ours are constants that take rights away; nothing from outside reaches them.
      unsafe: { allowUnsafeHooksPath: true, allowUnsafeProtocolOverride: true, allowUnsafeFsMonitor: true },
      ...(input === undefined ? {} : { input: () => input }),
    }).env({ ...process.env, GIT_TERMINAL_PROMPT: '0' });
  const attempt = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (error instanceof GitError || signal.aborted) throw new GitFailed(firstLine(error), { cause: error });
      throw error;
    }
  };
  return {
    run: (command) => attempt(() => open().raw([...command])),
    tryRun: async (command) => {
      try {
        return await open().raw([...command]);
      } catch (error) {
        if (error instanceof GitError && !signal.aborted) return null;
        throw new GitFailed(firstLine(error), { cause: error });
      }
    },
    batch: async (names) => {
      const bytes: unknown = await attempt(() => open(names.map((name) => `${name}\n`).join('')).binaryCatFile(['--batch']));
      if (!(bytes instanceof Uint8Array)) throw new Bug('git cat-file gave no bytes');
      return bytes;
    },
  };
}

/** What git says first is why; what follows is advice. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').map((line) => line.trim());
  return (lines.find((line) => /^(fatal|error):/.test(line)) ?? lines.find((line) => line !== '') ?? 'git failed').slice(0, 300);
}
