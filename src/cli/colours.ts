/** Colours for a terminal, and only there: a build's log, a pipe and a file get plain words. */
import picocolors from 'picocolors';

const wanted = process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
export const pc = picocolors.createColors(wanted);
