/** `machine_config`: a raw machine config, inline or in a file, under what the rest of the fly.toml says. */
import type { Complaints } from '#domain/compile-app.ts';
import type { Path } from '#domain/desired-yaml.ts';
import type { Json, JsonObject } from '#domain/json.ts';
import { isJsonObject } from '#domain/json.ts';
import type { FlyToml } from './schema.ts';

export interface RawConfig {
  readonly config: JsonObject;
  /** Keys that a deploy keeps, stated here. */
  readonly stated: readonly string[];
}
const NOTHING: RawConfig = { config: {}, stated: [] };
/** Replaced by what the sections of the fly.toml say, or by the platform's client. */
const REPLACED: readonly string[] = [
  'image',
  'env',
  'services',
  'checks',
  'statics',
  'metrics',
  'files',
  'mounts',
  'stop_config',
  'restart',
];
const HANDLED: readonly string[] = ['init', 'guest', 'metadata'];

export function rawConfigOf(toml: FlyToml, readFile: (path: string) => string | null, { problem, warning }: Complaints): RawConfig {
  const experimental = toml.experimental?.machine_config ?? '';
  const text = experimental === '' ? (toml.machine_config ?? '') : experimental;
  const at: Path = experimental === '' ? ['machine_config'] : ['experimental', 'machine_config'];
  if (text === '') return NOTHING;
  const json = text.startsWith('{') ? text : text.endsWith('.json') ? readFile(text) : null;
  if (json === null) {
    const why = text.endsWith('.json') ? `${text} does not exist` : 'this is neither JSON nor the path of a .json file';
    problem(at, 'config-missing', why, 'write the JSON object itself, or the path of a file that holds it');
    return NOTHING;
  }
  const raw = parseJson(json);
  if (raw === null) {
    problem(at, 'invalid-value', 'the machine config is no JSON object', 'correct the JSON');
    return NOTHING;
  }
  const config = Object.fromEntries(Object.entries(raw).filter(([key]) => !REPLACED.includes(key)));
  const init = isJsonObject(raw['init']) ? Object.keys(raw['init']).filter((key) => key === 'tty' || key === 'kernel_args') : [];
  const stated = [...Object.keys(config).filter((key) => !HANDLED.includes(key)), ...(init.length > 0 ? ['init'] : [])].sort();
  const { containers } = config;
  if (!Array.isArray(containers) || containers.length === 0) return { config, stated };
  warning(
    at,
    'not-supported',
    'containers are written as stated; the image of none of them is resolved',
    'state the images of all containers by digest',
  );
  return { config: { ...config, containers: withOwnImage(containers, toml.container) }, stated };
}
/** The container that gets the app's image: the named one, `app`, or the first. */
function withOwnImage(containers: readonly Json[], name: string | undefined): readonly Json[] {
  const named = containers.findIndex((one) => isJsonObject(one) && one['name'] === (name === undefined || name === '' ? 'app' : name));
  return containers.map((one, at) => (isJsonObject(one) && at === Math.max(0, named) ? { ...one, image: '.' } : one));
}
function parseJson(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
