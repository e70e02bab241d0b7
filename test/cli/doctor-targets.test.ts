/** What `trimtab doctor` says of the people to be told: which address is missing, and no address. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetFindings } from '#src/commands/doctor-targets.ts';
import { readConfig } from '#src/config.ts';
import { oneApp } from '#test/support/worlds.ts';

const NOTIFY = `  notify:
    - { name: pager, webhook: { url: { env: HOOK }, secret: { from: { file: pager.secret } } } }
    - { slack: { webhook: { env: SLACK } } }
`;
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'trimtab-doctor-'));
  for (const [path, text] of Object.entries({ ...oneApp({ env: NOTIFY }), 'pager.secret': 'a-secret-value' })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
});
afterAll(() => rmSync(root, { recursive: true }));
const found = async (variables: Readonly<Record<string, string>>) => {
  const read = readConfig({ TRIMTAB_SOURCE: root, TRIMTAB_DATA_DIR: join(root, 'data'), ...variables }, root);
  if (!read.ok) throw new Error(read.problems.join());
  return targetFindings(read.config, new AbortController().signal);
};
test('all is well when every source gives something; the environment’s prefix comes first', async () => {
  expect(await found({ HOOK: 'https://a.example.com/hidden', TEST_SLACK: 'https://b.example.com/hidden' })).toEqual([
    { what: 'notify test', state: 'ok', found: 'pager, slack: every address is given', remedy: null },
  ]);
});
test('what gives nothing is named, and no address with it', async () => {
  const findings = await found({ SLACK: 'https://b.example.com/hidden' });
  expect(findings).toMatchObject([{ what: 'notify test', state: 'warning', found: 'pager: url: HOOK gives nothing' }]);
  expect(JSON.stringify(findings)).not.toContain('hidden');
});
