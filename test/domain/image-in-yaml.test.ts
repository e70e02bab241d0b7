import { expect, test } from 'vitest';
import { withImageInYaml } from '#domain/image-in-yaml.ts';

const TEXT = `# the whole of it
kind: Environment
metadata: { name: test }
---
kind: App
metadata: { name: web }
spec:
  app: acme-web   # public
  image: "registry.fly.io/acme-web:v1" # pushed by hand
  groups: {}
---
kind: App
metadata: { name: api }
spec:
  app: acme-api # private
  config: api.toml
`;
const IMAGE = 'registry.fly.io/acme:v2';

test('the one value changes, comments and layout stay', () => {
  expect(withImageInYaml(TEXT, 'web', IMAGE)).toBe(TEXT.replace('"registry.fly.io/acme-web:v1"', IMAGE));
  expect(withImageInYaml(TEXT, 'acme-web', IMAGE)).toBe(withImageInYaml(TEXT, 'web', IMAGE));
});
test('an app without an image gets one below its name', () => {
  expect(withImageInYaml(TEXT, 'api', IMAGE)).toBe(TEXT.replace('# private\n', `# private\n  image: ${IMAGE}\n`));
});
test('in one line it comes beside its name', () => {
  const text = 'kind: App\nmetadata: { name: web }\nspec: { app: acme-web, config: a.toml }\n';
  expect(withImageInYaml(text, 'web', IMAGE)).toBe(text.replace('app: acme-web', `app: acme-web, image: ${IMAGE}`));
});
test('a name that is not there changes nothing', () => {
  expect(withImageInYaml(TEXT, 'other', IMAGE)).toBeNull();
});
