/** `make demo`: a tour that ends by itself, over real sockets and real processes. Ends non-zero if anything is not as it should be.
 *  `node test/demo/demo.ts releases` walks one chapter alone. */
import { rmSync } from 'node:fs';
import { walkFirstDay } from './first-day.ts';
import { walkReleases } from './releases.ts';
import { makeChecks } from './table.ts';
import { makeTour, type Tour } from './tour.ts';

const CHAPTERS: Readonly<Record<string, (tour: Tour) => Promise<void>>> = { 'first-day': walkFirstDay, releases: walkReleases };
const [wanted] = process.argv.slice(2);
const chapters = Object.entries(CHAPTERS).filter(([name]) => wanted === undefined || name === wanted);
const write = (text: string): void => void process.stdout.write(text);
if (chapters.length === 0) {
  write(`there is no chapter ${wanted}: ${Object.keys(CHAPTERS).join(', ')}\n`);
  process.exit(1);
}

const { check, close } = makeChecks(write);
const tour = await makeTour(check, write);
process.once('SIGINT', () => void tour.close().then(() => process.exit(1)));
try {
  for (const [, walk] of chapters) await walk(tour);
} catch (thrown) {
  check('the tour itself', thrown instanceof Error ? thrown.message : String(thrown), null, false);
} finally {
  await tour.close();
  rmSync(tour.folder, { recursive: true, force: true });
}
process.exitCode = close() ? 0 : 1;
