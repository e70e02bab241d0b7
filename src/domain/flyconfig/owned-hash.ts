/** The hash of a machine's owned fields, worked out once for what is the same. A pass asks for it several times, and the machines of a group
 *  mostly have one config between them, pass after pass: the text of a config decides, so equal texts have equal hashes. */
import { hash as digestOf } from 'node:crypto';
import type { ConfigHash } from '#domain/ids.ts';
import type { MachineConfig } from '#domain/machine-config.ts';
import type { Ownership } from '#domain/revision.ts';
import { PROCESS_GROUP_KEY } from '#domain/stamp.ts';
import { hashOwned, ownedView } from './ownership.ts';

/** Configs of a group that differ in what is not owned: its volumes, a rollout half done. */
const KEPT_PER_GROUP = 16;
/** Digest of a config's text → hash, by the group's rules; goes with the revision that holds them. */
const hashesByRules = new WeakMap<Ownership, Map<string, ConfigHash>>();
/** By the observed config; goes with the observation. The rules beside it: one config may be asked about by two. */
const hashesByConfig = new WeakMap<MachineConfig, { readonly rules: Ownership; readonly hash: ConfigHash }>();

export function hashOfConfig(config: MachineConfig, rules: Ownership): ConfigHash {
  const seen = hashesByConfig.get(config);
  if (seen?.rules === rules) return seen.hash;
  const hash = hashOfText(config, rules);
  hashesByConfig.set(config, { rules, hash });
  return hash;
}
function hashOfText(config: MachineConfig, rules: Ownership): ConfigHash {
  // Of the metadata only the group is owned; the rest differs from machine to machine.
  const { metadata, ...rest } = config;
  const print = digestOf('sha256', `${metadata?.[PROCESS_GROUP_KEY] ?? ''}\n${JSON.stringify(rest)}`, 'base64');
  const hashes = hashesByRules.get(rules) ?? new Map<string, ConfigHash>();
  const known = hashes.get(print);
  if (known !== undefined) return known;
  const hash = hashOwned(ownedView(config, rules));
  if (hashes.size >= KEPT_PER_GROUP) hashes.clear();
  hashesByRules.set(rules, hashes.set(print, hash));
  return hash;
}
