/** A program under the very words that `bin/trimtab` gives a controller: what is measured is what people run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export function launcherWords(): readonly string[] {
  const text = readFileSync(join(ROOT, 'bin', 'trimtab'), 'utf8');
  const words = [...text.matchAll(/lean=(['"])(?:\$lean )?(-.*)\1$/gm)].flatMap(([, , found = '']) => found.split(' '));
  if (words.length < 5) throw new Error('the words of bin/trimtab are not where they were');
  return words.map((word) => word.replace('$here', ROOT));
}
export function spawnAsController(program: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, NODE_OPTIONS: '', MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '65536', MALLOC_TOP_PAD_: '0' };
  const words = process.env['BENCH_WORDS']?.split(' ') ?? launcherWords();
  return spawn(process.execPath, [...words, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, program), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
