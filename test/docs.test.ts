/** What the documents say is so: commands, their options, variables and their defaults, links, and the lines one may copy. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const MAIN = 'src/main.ts';
const README = readFileSync('README.md', 'utf8');
const CONFIG = readFileSync('src/config.ts', 'utf8');
/** Documents that people read; not what others wrote. */
const DOCUMENTS = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '');

/** Rows of the table under a heading (or after its head row), cell by cell. */
function tableAfter(text: string, head: string): readonly (readonly string[])[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(head));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? undefined : end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
const codesIn = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('\\|', '|'));

describe('the table of variables', () => {
  const rows = tableAfter(README, '| variable | default | meaning |');
  const named = rows.flatMap(([names = '']) => codesIn(names)).filter((name) => /^[A-Z]/.test(name));
  const parsed = [...CONFIG.matchAll(/^ {2}([A-Z][A-Z0-9_]+): (.*),$/gm)].map(([, name = '', rule = '']) => ({ name, rule }));
  test('has every variable that is parsed', () => {
    expect(parsed.length).toBeGreaterThan(20);
    expect(parsed.map(({ name }) => name).filter((name) => !named.includes(name))).toEqual([]);
  });
  test('has no variable that nothing reads', () => {
    const sources = execFileSync('git', ['ls-files', 'src', 'bin'], { encoding: 'utf8' })
      .split('\n')
      .filter((path) => path !== '' && existsSync(path));
    const text = sources.map((path) => readFileSync(path, 'utf8')).join('\n');
    expect(named.filter((name) => !text.includes(name.replace(/<.*>$/, '')))).toEqual([]);
  });
  test.each(
    parsed.flatMap(({ name, rule }) => {
      const [, stated] = /\.default\(([^)]+)\)/.exec(rule) ?? [];
      return stated === undefined ? [] : [{ name, stated: stated.replaceAll(/['_]/g, '').replace('false', '0') }];
    }),
  )('says that $name is $stated when it is not set', ({ name, stated }) => {
    const [names = '', defaults = ''] = rows.find(([cell = '']) => codesIn(cell).includes(name)) ?? [];
    const place = codesIn(names).indexOf(name);
    const all = defaults.split(',').map((one) => one.trim().replaceAll('`', ''));
    expect(all[place] ?? '').toBe(stated);
  });
});

const help = (...args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args, '--help'], (_, out, err) => resolve(out + err));
  });
const commandsIn = (text: string): readonly string[] =>
  [...(text.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+)(?:\||[ \n])/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');

describe('the table of commands', () => {
  const TOP = commandsIn(execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--help'], { encoding: 'utf8' }));
  const isTop = (code: string): boolean => TOP.includes(code.split(' ')[0] ?? '');
  /** `trimtab plan [environment] [--app A]`, `explain <app>`: name by name, with what follows it. */
  const said = tableAfter(README, '| command | what it does |').flatMap(([names = '']) => {
    const codes = codesIn(names).map((code) => code.replace(/^trimtab /, ''));
    // `trimtab cost`, then `whatif`: a command's own commands stand beside it by their last name.
    const [first = ''] = codes;
    return codes.map((code) => (isTop(code) ? code : `${first.split(' ')[0]} ${code}`));
  });
  const wordsOf = (code: string): readonly string[] =>
    code
      .split(' ')
      .slice(0, 2)
      .filter((word) => /^[a-z]+$/.test(word));
  let commands: readonly string[] = [];
  const helps = new Map<string, string>();
  beforeAll(async () => {
    commands = commandsIn(await help());
    const first = await Promise.all(commands.map(async (name) => [name, await help(name)] as const));
    for (const [name, text] of first) helps.set(name, text);
    const nested = first.flatMap(([name, text]) => commandsIn(text).map((inner) => [name, inner] as const));
    for (const [name, text] of await Promise.all(
      nested.map(async ([name, inner]) => [`${name} ${inner}`, await help(name, inner)] as const),
    ))
      helps.set(name, text);
  }, 60_000);
  test('has every command there is, and no other', () => {
    const top = new Set(said.map((code) => code.split(' ')[0] ?? ''));
    expect(commands.length).toBeGreaterThan(12);
    expect([...top].sort()).toEqual([...commands].sort());
    const nested = [...helps.keys()].filter((name) => name.includes(' '));
    expect(nested.filter((name) => !said.some((code) => code.startsWith(name)))).toEqual([]);
  });
  test.each(said.filter((code) => code.includes('--')))('has only options that there are: %s', (code) => {
    const text = helps.get(wordsOf(code).join(' ')) ?? helps.get(wordsOf(code)[0] ?? '') ?? '';
    for (const option of code.match(/--[a-z-]+/g) ?? []) expect(text, code).toContain(option);
  });
  test('says the exit codes that --help says', async () => {
    expect(await help()).toContain('Exit codes: 0 done or nothing to do · 1 error · 2 changes, or something is held.');
    expect(README).toContain('Exit codes: 0 done or nothing to do, 1 error, 2 changes, or something is held.');
  });
});

const FENCE = /^```(\w*)\n([\s\S]*?)^```/gm;
const fences = DOCUMENTS.flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(FENCE)].map(([, language = '', code = ''], at) => ({ path, at, language, code })),
);
describe('what may be copied', () => {
  const targets = [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z][a-z-]*):/gm)].map(([, name = '']) => name);
  test('every `make` word is a target', () => {
    const asked = DOCUMENTS.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/(?:^|[`$] ?)make ([a-z][a-z-]*)/gm)].map(([, name = '']) => ({ path, name })),
    );
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter(({ name }) => !targets.includes(name))).toEqual([]);
  });
  test.each(fences.filter(({ language }) => language === 'yaml'))('the YAML of $path ($at) is YAML', ({ code }) => {
    expect(parseAllDocuments(code).flatMap((document) => document.errors)).toEqual([]);
  });
  test.each(fences.filter(({ language }) => language === 'sh' || language === 'bash'))('the lines of $path ($at) are shell', ({ code }) => {
    expect(() => execFileSync('sh', ['-n'], { input: code, stdio: ['pipe', 'pipe', 'pipe'] })).not.toThrow();
  });
});
describe('links', () => {
  const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
  test.each(DOCUMENTS)('of %s lead somewhere', (path) => {
    const targets = [...readFileSync(path, 'utf8').replaceAll(FENCE, '').matchAll(LINK)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^(https?:|mailto:|#)/.test(target)).map((target) => target.replace(/#.*$/, ''));
    expect(local.filter((target) => !existsSync(normalize(join(dirname(path), target))))).toEqual([]);
  });
});
