/** Smoke checks as desired state has them → as the prober gets them. */
import type { Check } from '#domain/smoke.ts';
import { checksOf } from '#domain/smoke.ts';
import { compiledOf, type DesiredTexts, problemsOf, WEB_TOML } from './desired.ts';

const texts = (checks: string, more: string, process: Readonly<Record<string, string>> = {}): DesiredTexts => ({
  process,
  bare: true,
  others: { 'web.toml': WEB_TOML },
  files: {
    'desired-state/test/all.yaml': `apiVersion: trimtab.dev/v1alpha1
kind: Environment
metadata: { name: test }
spec:
  organization: acme
  primaryRegion: nrt
${more}  smoke:
    checks:
${checks.replace(/^/gm, '      ')}
---
apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: web }
spec: { app: acme-web, config: web.toml }
---
apiVersion: trimtab.dev/v1alpha1
kind: App
metadata: { name: idle }
spec: { app: acme-idle, config: web.toml, excluded: true }
`,
  },
});
export const DATABASE = '  database: { url: { from: { env: DATABASE_URL } } }\n';
export const checksFrom = (checks: string, more = '', process: Readonly<Record<string, string>> = {}): readonly Check[] =>
  checksOf(compiledOf(texts(checks, more, process)).document);
/** `line:column rule` of each, as if the checks stood alone. */
export const checkProblems = (checks: string): readonly string[] =>
  problemsOf(texts(checks, '')).map(({ line, column, rule }) => `${line - LINES_BEFORE}:${column - INDENT} ${rule}`);
export const checkProblemTexts = (checks: string): readonly string[] =>
  problemsOf(texts(checks, '')).map(({ message, remedy }) => `${message} → ${remedy}`);
const LINES_BEFORE = 8;
const INDENT = 6;
/** The one check there is. */
export function checkFrom(check: string, more = ''): Check {
  const [only, ...others] = checksFrom(check, more);
  if (only === undefined || others.length > 0) throw new Error('expected one check');
  return only;
}
