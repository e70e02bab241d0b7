/** What is kept of an answer: bounded, printable, nothing in it that looks like a secret. */
import { withoutSecrets } from '#domain/secret-text.ts';

const LONGEST = 600;
export function clip(text: string, longest: number = LONGEST): string {
  const printable = withoutSecrets(text)
    .replace(/[^\P{C}\n\t]/gu, '')
    .trim();
  return printable.length <= longest ? printable : `${printable.slice(0, longest)}…`;
}
const TELLTALE = /token|secret|code|state|nonce|key|pass|sig|session/i;
/** An address without user, password and parameters that carry a login. */
export function urlText(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  for (const name of shown.searchParams.keys()) if (TELLTALE.test(name) && name !== 'response_type') shown.searchParams.set(name, '…');
  return clip(decodeURI(shown.href).replaceAll('%E2%80%A6', '…'));
}
const HEADERS: readonly string[] = ['content-type', 'location', 'server', 'via', 'retry-after', 'fly-request-id'];
export const headerText = (headers: Readonly<Record<string, string>>): string =>
  HEADERS.flatMap((name) => (headers[name] === undefined || name === 'location' ? [] : [`${name}: ${clip(headers[name], 120)}`])).join(
    '\n',
  );
