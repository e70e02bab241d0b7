/** fly.toml, and the same in JSON or YAML, by the name of the file. */
import { readYaml } from '#domain/desired-yaml.ts';
import { isTable, readToml, type TomlFile, type TomlTable, type TomlValue } from './toml.ts';

export function readByName(file: string, text: string): TomlFile {
  if (!/\.(?:json|ya?ml)$/.test(file)) return readToml(file, text);
  // JSON is YAML too, and this reader knows where things stand.
  const { documents, problems } = readYaml(file, text);
  const [document] = documents;
  const nothing = { locate: () => ({ file, line: 1, column: 1 }) };
  if (problems[0] !== undefined) return { ...nothing, table: null, problem: problems[0] };
  if (document === undefined) return { ...nothing, table: {}, problem: null };
  const { value, problem } = document.read(null);
  const tree = toToml(value, !file.endsWith('.json'));
  const { locate } = document;
  if (problem !== null || tree === undefined || !isTable(tree)) {
    const place = locate([]);
    const wrong = { ...place, rule: 'wrong-type', message: 'the file is no map of keys', remedy: 'write the sections of a fly.toml' };
    return { table: null, locate, problem: problem ?? wrong };
  }
  return { table: tree, locate, problem: null };
}
/** Whole numbers of YAML are integers, numbers of JSON are floats: text made of them differs. Null is nothing. */
function toToml(value: unknown, integers: boolean): TomlValue | undefined {
  if (typeof value === 'number') return integers && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item: unknown) => toToml(item, integers)).filter((item) => item !== undefined);
  if (typeof value !== 'object' || value === null) return undefined;
  const table: { [key: string]: TomlValue } = {};
  for (const [key, inner] of Object.entries(value)) {
    const made = toToml(inner, integers);
    if (made !== undefined) table[key] = made;
  }
  return table satisfies TomlTable;
}
