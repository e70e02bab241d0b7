/** A real git server over HTTP: git's own `http-backend` behind a socket of this machine, with a login where one is asked for. */
import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface GitServer {
  /** Of the repository `<name>.git` under the root. */
  url(name: string): string;
  /** Authorization headers as they came. */
  readonly logins: readonly (string | null)[];
  close(): Promise<void>;
}
const BACKEND = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

export async function startGitServer(root: string, token: string | null): Promise<GitServer> {
  const logins: (string | null)[] = [];
  const allowed = token === null ? null : `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const login = request.headers.authorization ?? null;
    logins.push(login);
    if (allowed !== null && login !== allowed) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    answerByGit(root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}.git`,
    logins,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
/** CGI: the request's words in the environment, its body on stdin; headers, an empty line and the body on stdout. */
function answerByGit(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://git.test');
  const child = spawn(BACKEND, [], {
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'somebody',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const all = Buffer.concat(chunks);
    const split = all.indexOf('\r\n\r\n');
    const headers = all.subarray(0, split).toString('latin1').split('\r\n');
    const status = headers.find((line) => line.startsWith('Status:'))?.slice(8, 11) ?? '200';
    for (const line of headers) {
      const [name = '', ...rest] = line.split(':');
      if (name !== 'Status' && name !== '') response.setHeader(name, rest.join(':').trim());
    }
    response.writeHead(Number(status)).end(all.subarray(split + 4));
  });
}
