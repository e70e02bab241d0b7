/** git in one bare repository, with everything off that could run something or ask somebody. */
import { GitError, type SimpleGit, simpleGit } from 'simple-git';
import { Bug } from '#domain/result.ts';

export interface Git {
  /** What it printed. A refusal without a message (exit code alone) prints nothing and is not an error here. */
  run(command: readonly string[]): Promise<string>;
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

/** What git and ssh need of the process's environment; the platform's tokens are none of it. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'USER',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'GIT_SSH_COMMAND',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const;
/** Nobody is there to answer a question; messages are read by `firstLine`. */
const FIXED = { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };

function environment(): Record<string, string> {
  const passed: Record<string, string> = { ...FIXED };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined && value !== '') passed[name] = value;
  }
  return passed;
}

export function makeGit(directory: string, signal: AbortSignal): Git {
  const open = (input?: string): SimpleGit =>
    simpleGit({
      baseDir: directory,
      abort: signal,
      config: CONFIG,
      trimmed: false,
      // These settings of ours are constants that take rights away; nothing from outside reaches them.
      unsafe: { allowUnsafeHooksPath: true, allowUnsafeProtocolOverride: true, allowUnsafeFsMonitor: true, allowUnsafeSshCommand: true },
      allowEnvironment: ['GIT_SSL_CAINFO', ...Object.keys(FIXED)],
      ...(input === undefined ? {} : { input: () => input }),
    }).env(environment());
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
