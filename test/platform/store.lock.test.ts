import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPostgres } from '#platform/store/db.ts';
import { lockFolder, readHolder } from '#platform/store/lock.ts';
import { makeSqlStore } from '#platform/store/sql.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trimtab-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const HOLD = `
  import { lockFolder } from '#platform/store/lock.ts';
  const lock = await lockFolder(process.argv[1]);
  if (!lock.ok) throw new Error(lock.error.message);
  await lock.value.announce({ pid: process.pid, address: 'http://127.0.0.1:1', token: 't', since: 0 });
  console.log('held');
  setInterval(() => {}, 1000);
`;
async function holdElsewhere(): Promise<ReturnType<typeof spawn>> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', HOLD, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no output');
  await once(child.stdout, 'data');
  return child;
}

test('a folder held by another process is refused, naming that process', async () => {
  const child = await holdElsewhere();
  const refused = await lockFolder(folder);
  expect(refused).toMatchObject({ ok: false, error: { code: 'STORE_LOCKED' } });
  if (!refused.ok) expect(refused.error.message).toContain(`process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
});
test('a holder that is killed gives the folder back', async () => {
  const child = await holdElsewhere();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockFolder(folder);
  expect(lock.ok).toBe(true);
  if (lock.ok) await lock.value.release();
  expect(await readHolder(folder)).toBeNull();
});
test('a database that cannot be reached is a value, not an exception', async () => {
  const store = makeSqlStore(openPostgres('postgres://nobody@127.0.0.1:1/none'));
  expect(await store.takeApp('e', 'a', 0, AbortSignal.timeout(5_000))).toMatchObject({ ok: false, error: { code: 'STORE_UNAVAILABLE' } });
  await store.close();
});
