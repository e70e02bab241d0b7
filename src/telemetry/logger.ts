/** Where log lines go: pino for machines, one readable line for people. */

import pc from 'picocolors';
import pino from 'pino';
import type { Line } from './log.ts';

export type Write = (line: Line, at: number) => void;

export function makeLogger(terminal: boolean, out: { write(text: string): unknown }): Write {
  if (terminal) return (line, at) => void out.write(`${readable(line, at)}\n`);
  const logger = pino(
    { base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (text) => void out.write(text) },
  );
  return ({ level, message, fields }, at) => logger[level]({ time: new Date(at).toISOString(), ...fields }, message);
}
const COLOUR = { info: (text: string) => text, warn: pc.yellow, error: pc.red } as const;
function readable({ level, message, fields }: Line, at: number): string {
  const { environment, app, ...rest } = fields;
  const place = [environment, app].filter((part) => typeof part === 'string').join('/');
  const more = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  return `${pc.dim(new Date(at).toISOString().slice(11, 19))} ${place === '' ? '' : `${pc.cyan(place)} `}${COLOUR[level](message)}${more === '' ? '' : ` ${pc.dim(more)}`}`;
}
