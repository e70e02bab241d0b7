import { expect, test } from 'vitest';
import { changedSecrets, contentId, contentOf } from '#domain/app-content.ts';
import { aGroup, anApp, OTHER_DIGEST } from '#test/support/builders.ts';

const app = anApp();
const content = contentOf(app, { A: 'f1', B: 'g1' });
test('equal content has one id, whatever the order; the digest, a config, a value make another', () => {
  expect(contentId(contentOf(app, { B: 'g1', A: 'f1' }))).toBe(contentId(content));
  const others = [
    contentOf(anApp({ image: { reference: 'registry.fly.io/acme-web:v2', digest: OTHER_DIGEST } }), content.secrets),
    contentOf(anApp({ groups: [aGroup({ config: { env: { A: '1' } } })] }), content.secrets),
    contentOf(app, { A: 'f2', B: 'g1' }),
    contentOf(app, { A: 'f1' }),
  ];
  expect(new Set([content, ...others].map(contentId)).size).toBe(5);
});
test('which secrets are other ones', () => {
  expect(changedSecrets(content, contentOf(app, { A: 'f2', B: 'g1', C: 'h' }))).toEqual(['A', 'C']);
  expect(changedSecrets(content, content)).toEqual([]);
});
