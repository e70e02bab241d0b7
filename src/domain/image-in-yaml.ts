/** Writes an app's image into the YAML that people keep: the one value changes, comments and layout stay. Pure. */
import { isMap, isScalar, parseAllDocuments } from 'yaml';

/** `name`: metadata.name, or the Fly app. Null: no app of this name stands in this text. */
export function withImageInYaml(text: string, name: string, image: string): string | null {
  for (const document of parseAllDocuments(text)) {
    if (!('getIn' in document) || document.get('kind') !== 'App') continue;
    if (document.getIn(['metadata', 'name']) !== name && document.getIn(['spec', 'app']) !== name) continue;
    const value = document.getIn(['spec', 'image'], true);
    if (isScalar(value) && value.range) {
      const [start, end] = value.range;
      return text.slice(0, start) + image + text.slice(end);
    }
    const spec = document.get('spec', true);
    const app = isMap(spec) ? spec.get('app', true) : undefined;
    if (!isScalar(app) || !app.range || !isMap(spec)) return null;
    if (spec.flow === true) return `${text.slice(0, app.range[1])}, image: ${image}${text.slice(app.range[1])}`;
    const lineStart = text.lastIndexOf('\n', app.range[0]) + 1;
    const indent = /^ */.exec(text.slice(lineStart))?.[0] ?? '';
    const lineEnd = text.indexOf('\n', app.range[1]);
    const at = lineEnd === -1 ? text.length : lineEnd;
    return `${text.slice(0, at)}\n${indent}image: ${image}${text.slice(at)}`;
  }
  return null;
}
