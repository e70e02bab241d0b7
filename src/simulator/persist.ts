/** The world in a folder, so that a second terminal and a second start meet the same one. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bug } from '#domain/result.ts';
import { ms } from '#domain/units.ts';
import { forget } from './handle-platform.ts';
import { resume } from './lifecycle.ts';
import { makeTables, type Tables, type World } from './world.ts';

const FILE = 'world.json';
/** Bumped when rows change their shape: an older file is refused instead of misread. */
const FORMAT = 1;
const SAVE_AFTER = ms(200);

/** Null: there is none yet. Throws when the file is of another format or broken. */
export function loadTables(folder: string): Tables | null {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch {
    return null;
  }
  const file: unknown = JSON.parse(text, revive);
  if (!isFile(file)) throw new Bug(`${join(folder, FILE)} is of another version; delete the folder to start a new world`);
  return { ...makeTables(), ...file.tables };
}
/** Saves soon after each change; the returned function saves now. */
export function keepSaved(world: World, folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  let pending = false;
  const save = (): void => {
    pending = false;
    const temporary = join(folder, `${FILE}.new`);
    writeFileSync(temporary, JSON.stringify({ format: FORMAT, tables: tablesOf(world) }, replace));
    renameSync(temporary, join(folder, FILE));
  };
  world.onChange = () => {
    if (pending) return;
    pending = true;
    world.clock.after(SAVE_AFTER, save);
  };
  return save;
}
/** What was under way when the world was saved goes on. */
export function resumeWorld(world: World): void {
  for (const row of world.machines.values()) resume(world, row);
  for (const row of world.volumes.values()) {
    if (row.state === 'creating') row.state = 'created';
    if (row.state === 'pending_destroy') forget(world, row);
  }
  for (const row of world.certificates.values()) row.status = 'active';
}
function tablesOf(world: World): Tables {
  const { apps, machines, volumes, secrets, addresses, certificates, releases, organizations, capacity, builds, tags, egress } = world;
  const { errorRegions, sites, siteValues } = world;
  const rows = { apps, machines, volumes, secrets, addresses, certificates, releases, organizations, capacity, builds, tags, egress };
  return { ...rows, errorRegions, sites, siteValues };
}
const replace = (_: string, value: unknown): unknown => {
  if (value instanceof Map) return { $map: [...value] };
  return value instanceof Set ? { $set: [...value] } : value;
};
function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$map' in value && Array.isArray(value.$map)) return new Map(value.$map);
  return '$set' in value && Array.isArray(value.$set) ? new Set(value.$set) : value;
}
function isFile(value: unknown): value is { readonly tables: Tables } {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT && 'tables' in value;
}
