/** The folders that ship, compiled. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { compileEnvironment } from '#domain/compile.ts';
import { parseDesired } from '#domain/desired-parse.ts';
import { problemText } from '#domain/problem.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';

export function shipped(name: string, process: Readonly<Record<string, string>> = {}): CompiledEnvironment {
  const folder = `desired-state/${name}`;
  const files = new Map(readdirSync(folder).map((file) => [`${folder}/${file}`, readFileSync(`${folder}/${file}`, 'utf8')]));
  const parsed = parseDesired({ folder, files, lookup: { process, bare: true, stored: {} } });
  const readFile = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);
  const result = compileEnvironment(parsed, { readFile, resolvedImages: () => null });
  if (result.ok) return result.value.document;
  throw new Error(result.error.problems.map(problemText).join('\n'));
}
/** Names and addresses of the simulated system, as a team would set them. */
export const OIDC = {
  OIDC_ISSUER_URL: 'https://acme-authentik.fly.dev/application/o/client/',
  OIDC_CLIENT_ID: 'client-1',
  OIDC_REDIRECT_URI: 'https://acme-client.fly.dev/auth/callback',
};
