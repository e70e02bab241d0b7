/** A folder with an environment whose every source of secrets gives a marked value, and what a controller of it finds in its process. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Files } from './harness.ts';
import { marked, markedWord } from './marks.ts';
import { withSecrets } from './secret-world.ts';
import { sealedJson } from './sops.ts';

export interface MarkedWorld {
  readonly root: string;
  /** As git has them. */
  readonly files: Files;
  readonly environment: Readonly<Record<string, string>>;
  /** Puts files into the folder. */
  write(files: Files): void;
}
/** `more`: lines of the environment's spec. */
export async function makeMarkedWorld(more = ''): Promise<MarkedWorld> {
  const root = mkdtempSync(join(tmpdir(), 'trimtab-leaks-'));
  const write = (files: Files): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  write({
    'mounted/FROM_MOUNT': `${marked('file')}\n`,
    '.env': `FROM_DOTENV='${marked('dotenv')}'\n`,
    'manager.json': JSON.stringify({ FROM_EXEC: marked('exec') }),
  });
  const { text, identity } = await sealedJson({ FROM_SOPS: marked('sops') });
  const files = withSecrets(
    {
      FROM_ENV: '{ from: { env: FROM_ENV }, previous: { env: OLD_ENV }, rotateEvery: 90d }',
      FROM_MOUNT: '{ from: { file: mounted/FROM_MOUNT } }',
      FROM_DOTENV: '{ from: { dotenv: { file: .env } } }',
      FROM_EXEC: `{ from: { exec: { command: [cat, manager.json] } } }`,
      FROM_SOPS: '{ from: { sops: { file: secrets.enc.json } } }',
      PUSHED: '{ from: { pushed: {} } }',
      PLAIN: '{ from: { value: "backend.internal:50051" } }',
    },
    { protection: 'none', env: more },
  );
  return {
    root,
    files: { ...files, 'secrets.enc.json': text },
    environment: {
      ...{ FROM_ENV: marked('env'), OLD_ENV: marked('old'), TEST_SOPS_AGE_KEY: identity },
      ...{ TEST_PUSHED: marked('pushed'), TEST_TOKEN: markedWord('token') },
    },
    write,
  };
}
