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

/** How a private repository lets us in. Nothing of it stands in a command line, where every user of the machine could read it. */
export interface GitAccess {
  /** For https: a token of the host, sent as its own documentation says, as the password of a basic login. */
  readonly token: string | null;
  /** For ssh: the file of a deploy key. */
  readonly keyFile: string | null;
  /** For ssh: the host keys to believe; null: those of the user. */
  readonly knownHostsFile: string | null;
}
export const NO_ACCESS: GitAccess = { token: null, keyFile: null, knownHostsFile: null };

/** Null: the token must not travel without encryption, and other transports have no use for it. */
function tokenEnvironment(url: string, token: string | null): Record<string, string> {
  if (token === null || !isSafeForToken(url)) return {};
  const { origin } = new URL(url);
  const login = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${login}`,
  };
}
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/)/;
const isSafeForToken = (url: string): boolean => url.startsWith('https://') || LOOPBACK.test(url);

function sshEnvironment({ keyFile, knownHostsFile }: GitAccess): Record<string, string> {
  if (keyFile === null && knownHostsFile === null) return {};
  const words = [
    'ssh -o BatchMode=yes',
    ...(keyFile === null ? [] : [`-o IdentitiesOnly=yes -i ${quoted(keyFile)}`]),
    ...(knownHostsFile === null ? [] : [`-o StrictHostKeyChecking=yes -o UserKnownHostsFile=${quoted(knownHostsFile)}`]),
  ];
  return { GIT_SSH_COMMAND: words.join(' ') };
}
/** git hands the command to a shell. */
const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

export function makeGit(directory: string, signal: AbortSignal, address = '', access: GitAccess = NO_ACCESS): Git {
  const given = { ...sshEnvironment(access), ...tokenEnvironment(address, access.token) };
  const open = (input?: string): SimpleGit =>
    simpleGit({
      baseDir: directory,
      abort: signal,
      config: CONFIG,
      trimmed: false,
      // These settings of ours are constants that take rights away; nothing from outside reaches them.
      unsafe: {
        allowUnsafeHooksPath: true,
        allowUnsafeProtocolOverride: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeSshCommand: true,
        allowUnsafeConfigEnvCount: true,
      },
      allowEnvironment: ['GIT_SSL_CAINFO', ...Object.keys(FIXED), ...Object.keys(given)],
      ...(input === undefined ? {} : { input: () => input }),
    }).env({ ...environment(), ...given });
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
