/** The search for marked values finds them: in every form, wherever they begin. A search that finds nothing would prove nothing. */
import { expect, test } from 'vitest';
import { found, makeSaid, marked, markedWord } from '#test/support/marks.ts';

const value = marked('a');
const forms: readonly (readonly [string, string])[] = [
  ['as it is', value],
  ['in JSON', JSON.stringify({ value })],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ value }))],
  ['in an address', `https://a.test/?b=${encodeURIComponent(value)}`],
  ['in a form', new URLSearchParams({ value }).toString()],
  ['in a page', value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
  ['in hex', Buffer.from(value).toString('hex')],
  ['as a word', `Bearer ${markedWord('token')}`],
];
test.each(forms)('%s', (_, text) => {
  expect(found(text)).not.toEqual([]);
});
test.each(forms.flatMap(([name, text]) => [0, 1, 2, 3].map((shift) => [name, shift, text] as const)))(
  '%s, in base64 behind %i other letters',
  (_, shift, text) => {
    const inner = Buffer.from(`${'x'.repeat(shift)}${text}`);
    expect(found(inner.toString('base64'))).not.toEqual([]);
    expect(found(inner.toString('base64url'))).not.toEqual([]);
  },
);
test.each([
  ['its beginning', value.slice(0, 16)],
  ['its end', value.slice(-16)],
  ['a part of its middle', value.slice(value.indexOf('Zq8'), value.indexOf('X8') + 2)],
])('%s alone is found', (_, part) => {
  expect(found(`before ${part} after`)).not.toEqual([]);
});
test('other texts are not', () => {
  expect(found('postgres://app@db.test/app, registry.fly.io/acme-web:v1, eyJhbGciOiJIUzI1NiJ9, Zq7, X9')).toEqual([]);
});
test('a leak is told with its place and what stands around it, and nothing else is', () => {
  const said = makeSaid();
  said.note('here', 'harmless');
  said.note('there', { inner: `before ${value} after` });
  expect(said.leaks()).toEqual([expect.stringMatching(/^there: .*before a-Zq7/)]);
});
