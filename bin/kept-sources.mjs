/** A controller's own modules without their types, kept beside the dependencies: each is stripped once, by a process that ends. What Node.js keeps
 *  instead stays in memory as long as the process lives: fourteen megabytes of a compile cache, or thirty of the stripper. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);
const ROOT = dirname(dirname(HERE));
const SOURCES = join(ROOT, 'src');
const KEPT = join(ROOT, 'node_modules', '.cache', 'trimtab-sources', process.version);

/** Another size or time is another file. */
function keptPath(path) {
  const { size, mtimeMs } = statSync(path);
  return join(KEPT, `${relative(SOURCES, path)}.${size}-${Math.round(mtimeMs)}.js`);
}
const stripped = (path) => stripTypeScriptTypes(readFileSync(path, 'utf8'));
function keepAll() {
  rmSync(KEPT, { recursive: true, force: true });
  for (const name of readdirSync(SOURCES, { recursive: true })) {
    if (!name.endsWith('.ts')) continue;
    const path = join(SOURCES, name);
    const kept = keptPath(path);
    mkdirSync(dirname(kept), { recursive: true });
    // Whole or not at all: another process may be starting.
    writeFileSync(`${kept}.${process.pid}`, stripped(path));
    renameSync(`${kept}.${process.pid}`, kept);
  }
}
function read(path) {
  try {
    return readFileSync(keptPath(path), 'utf8');
  } catch {
    return null;
  }
}
let asked = false;
function sourceOf(path) {
  const kept = read(path);
  if (kept !== null) return kept;
  if (!asked) {
    asked = true;
    try {
      execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', HERE], { stdio: 'ignore' });
    } catch {
      // A folder that cannot be written: this process strips for itself, as Node.js does.
    }
  }
  return read(path) ?? stripped(path);
}

if (process.argv[1] === HERE) keepAll();
else
  registerHooks({
    load: (url, context, next) => {
      const path = url.startsWith('file:') && url.endsWith('.ts') ? fileURLToPath(url) : '';
      return path.startsWith(SOURCES) ? { format: 'module', source: sourceOf(path), shortCircuit: true } : next(url, context);
    },
  });
