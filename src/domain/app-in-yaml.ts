/** Puts an app of desired state back as it stood before, in the YAML that people keep: its own document changes, the others stay as they are,
 *  to the comment. Pure. */
import { isMap, parseAllDocuments } from 'yaml';

interface Place {
  readonly start: number;
  readonly end: number;
  /** Its fly.toml, from the root of the source. */
  readonly config: string | null;
}
/** The document of an app, by its name or the Fly app. Null: it does not stand in this text. */
export function appInYaml(text: string, name: string): Place | null {
  for (const document of parseAllDocuments(text)) {
    if (!('getIn' in document) || document.get('kind') !== 'App' || !isMap(document.contents)) continue;
    if (document.getIn(['metadata', 'name']) !== name && document.getIn(['spec', 'app']) !== name) continue;
    const config = document.getIn(['spec', 'config']);
    const { range } = document.contents;
    if (range === undefined || range === null) return null;
    // From its first key to its last value: what stands around it belongs to the file.
    return { start: range[0], end: range[1], config: typeof config === 'string' ? config : null };
  }
  return null;
}
/** Null: one of the two does not have it. */
export function withAppOf(text: string, before: string, name: string): string | null {
  const [here, there] = [appInYaml(text, name), appInYaml(before, name)];
  if (here === null || there === null) return null;
  return text.slice(0, here.start) + before.slice(there.start, there.end) + text.slice(here.end);
}
