/** Rules about the repository itself. The floors: domain ← platform, simulator ← kinds ← engine ← cli, http, telemetry. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** room -> rooms it may import; ":type" = `import type` only. The files that stand directly in src, and those of src/commands, put adapters together and see everything. */
const SEES: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  platform: ['domain', 'openapi:type'],
  simulator: ['domain', 'openapi:type'],
  kinds: ['domain', 'platform:type'],
  engine: ['domain', 'kinds', 'platform:type'],
  telemetry: ['domain'],
  http: ['domain', 'engine:type', 'platform:type'],
  cli: ['domain', 'engine:type', 'platform:type', 'http:type'],
};
/** Files in which a secret value becomes text again. */
const REVEALS = [
  'src/cli/remote-secrets.ts',
  'src/compose-database.ts',
  'src/platform/checks/sql.ts',
  'src/platform/fly/flaps-apps.ts',
  'src/platform/notify/commit-status.ts',
  'src/platform/notify/email.ts',
  'src/platform/notify/slack.ts',
  'src/platform/notify/webhook.ts',
];
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', 'src', 'test'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path.endsWith('.ts') && existsSync(path));
const sources = files.filter((path) => path.startsWith('src/'));
const text = (path: string): string => readFileSync(path, 'utf8');
const IMPORT =
  /^\s*(?:import|export)\s+(type\s+)?[^'";]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|^\s*import\s+['"]([^'"]+)['"]/gm;

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}
const importsOf = (path: string): Import[] =>
  [...text(path).matchAll(IMPORT)].map((found) => ({ target: found[2] ?? found[3] ?? found[4] ?? '', typeOnly: found[1] !== undefined }));

describe('the house', () => {
  test('imports go down the floors only', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      if (path.split('/').length === 2 || path.startsWith('src/commands/')) continue;
      const room = path.split('/')[1] ?? '';
      const sees = SEES[room];
      if (sees === undefined) wrong.push(`${path}: no such room`);
      for (const { target, typeOnly } of importsOf(path)) {
        const to = /^#(\w+)\//.exec(target)?.[1];
        if (to === undefined) continue;
        // Inside a room ./x.ts; only a file in a subfolder may reach its own room's other folders by #room.
        if (to === room && path.split('/').length > 3) continue;
        if (to === room) wrong.push(`${path}: own room by #${room}, use ./`);
        else if (!(sees?.includes(to) || (typeOnly && sees?.includes(`${to}:type`)))) wrong.push(`${path} may not import ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });
  test('no import climbs with ../', () => {
    const wrong = files.filter((path) => importsOf(path).some(({ target }) => target.startsWith('../') && !path.startsWith(`src/`)));
    expect(files.filter((path) => path.startsWith('src/') && importsOf(path).some(({ target }) => target.startsWith('../')))).toEqual([]);
    expect(wrong).toEqual([]);
  });
  test('the domain sees no package that has effects', () => {
    const pure = new Set(['zod', 'canonicalize', 'croner', 'fastest-levenshtein', 'smol-toml', 'yaml', 'node:crypto']);
    const wrong = sources
      .filter((path) => path.startsWith('src/domain/'))
      .flatMap((path) =>
        importsOf(path)
          .filter(({ target }) => !(target.startsWith('./') || target.startsWith('#domain/') || pure.has(target)))
          .map(({ target }) => `${path}: ${target}`),
      );
    expect(wrong).toEqual([]);
  });
  test('only the store, the queue and migrations import pg, PGlite and pg-boss', () => {
    const wrong = sources
      .filter((path) => !/^src\/platform\/(store|queue|migrations)\//.test(path))
      .filter((path) => importsOf(path).some(({ target }) => /^(pg|pg-boss|@electric-sql\/pglite)(\/|$)/.test(target)));
    expect(wrong).toEqual([]);
  });
  test('a secret value is taken out of its wrapping at the write to the platform only', () => {
    const reveals = sources.filter((path) => /\.reveal\(\)/.test(text(path)));
    expect(reveals).toEqual(REVEALS);
  });
  test('time and randomness come in: no Date.now, new Date() or Math.random outside the clocks', () => {
    const clocks = new Set(['src/platform/clock.ts', 'src/simulator/clock.ts']);
    const wrong = sources.filter((path) => !clocks.has(path) && /Math\.random\(|Date\.now\(|new Date\(\)/.test(text(path)));
    expect(wrong).toEqual([]);
  });
  test('no `as` outside ids and units, but `as const`', () => {
    const allowed = new Set(['src/domain/ids.ts', 'src/domain/units.ts']);
    const wrong = sources
      .filter((path) => !allowed.has(path))
      .flatMap((path) =>
        text(path)
          // SQL in template literals has its own `as`; the lines stay where they are.
          .replace(/`[^`]*`/g, (literal) => literal.replace(/[^\n]/g, ' '))
          .split('\n')
          .map((line, index) => ({ line, at: `${path}:${index + 1}` }))
          .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line) && !/^\s*(import|export)\b.*\bfrom\b/.test(line))
          .filter(({ line }) =>
            /[\w)\]}>'"`] as (?!const\b)[A-Z{([\w]/.test(line.replace(/(['"`])(?:(?!\1).)*\1/g, '""').replace(/\/\/.*$/, '')),
          )
          .filter(({ line }) => !/^\s*(type\s+)?\w+ as \w+,?$/.test(line) && !/import\s|import\(/.test(line))
          .map(({ at }) => at),
      );
    expect(wrong).toEqual([]);
  });
  test('no default exports, enums or namespaces', () => {
    const wrong = sources.filter((path) => /^export default|^(export )?(const )?enum |^(export )?namespace /m.test(text(path)));
    expect(wrong).toEqual([]);
  });
  test('files stay readable: at most 300 lines in src', () => {
    const wrong = sources.map((path) => `${path} ${text(path).split('\n').length}`).filter((line) => Number(line.split(' ')[1]) > 301);
    expect(wrong).toEqual([]);
  });
  test('no file is called utils, helpers, common, misc or manager', () => {
    expect(files.filter((path) => /(^|\/)(utils?|helpers?|common|misc|manager)\.ts$/.test(path))).toEqual([]);
  });
  test('no word about work left undone', () => {
    expect(files.filter((path) => path !== 'test/house.test.ts' && /\b(TODO|FIXME|XXX|HACK)\b/.test(text(path)))).toEqual([]);
  });
  test('every test skips nothing and runs alone by nobody', () => {
    const wrong = files.filter(
      (path) => path.startsWith('test/') && path !== 'test/house.test.ts' && /\.(skip|todo|only)\(/.test(text(path)),
    );
    expect(wrong).toEqual([]);
  });
  test('the registry of packages is named nowhere, nor a path of a machine', () => {
    const tracked = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
      .split('\n')
      .filter((path) => path !== '' && path !== 'test/house.test.ts');
    const wrong = tracked.filter(
      (path) =>
        existsSync(path) &&
        /\.(ts|json|md|ya?ml|toml|sh)$|Makefile|\.ci\/run/.test(path) &&
        /"resolved": *"https?:|(^|[^\w.])\/(work|root)\//m.test(text(path)),
    );
    expect(wrong).toEqual([]);
  });
});
