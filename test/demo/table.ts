/** What the tour saw: a line at once, and all of them in a table at its end. */
import pc from 'picocolors';

export interface Check {
  readonly what: string;
  readonly seen: string;
  readonly seconds: number | null;
  readonly good: boolean;
}
export interface Checks {
  check(what: string, seen: string, seconds: number | null, good: boolean): void;
  /** All were as they should be. */
  close(): boolean;
}
const mark = (good: boolean): string => (good ? pc.green('✓') : pc.red('✗'));

export function makeChecks(write: (text: string) => void): Checks {
  const rows: Check[] = [];
  return {
    check: (what, seen, seconds, good) => {
      rows.push({ what, seen, seconds, good });
      write(`  ${mark(good)} ${what}: ${seen}${seconds === null ? '' : pc.dim(` in ${seconds.toFixed(1)} s`)}\n`);
    },
    close: () => {
      write(tableText(rows));
      return rows.every(({ good }) => good);
    },
  };
}
function tableText(rows: readonly Check[]): string {
  const cells = rows.map(({ what, seen, seconds, good }) => ({
    what,
    good,
    seen: seen.split('\n')[0] ?? '',
    time: seconds === null ? '' : `${seconds.toFixed(1)} s`,
  }));
  const width = Math.max(...cells.map(({ what }) => what.length));
  const seenWidth = Math.max(...cells.map(({ seen }) => seen.length));
  const lines = cells.map(
    ({ what, seen, time, good }) => `  ${mark(good)} ${what.padEnd(width)}  ${seen.padEnd(seenWidth)}  ${time.padStart(7)}\n`,
  );
  const bad = rows.filter(({ good }) => !good).length;
  const sum =
    bad === 0 ? pc.green('\nEverything is as it should be.\n') : pc.red(`\n${bad} of ${rows.length} are not as they should be.\n`);
  return `\n${pc.bold('What was seen, corrected, and left alone')}\n${lines.join('')}${sum}`;
}
