/** Tells the open pages that something changed: server-sent events without content; the page fetches itself again. */
import type { Clock } from '#domain/clock.ts';
import { seconds } from '#domain/units.ts';

export interface Changes {
  /** Something that pages show has changed. */
  note(): void;
  /** A stream for one page; null: too many are open. Ends with the signal. */
  stream(signal: AbortSignal): ReadableStream<Uint8Array> | null;
  close(): void;
}
/** A rollout changes many things at once: one event a second is enough for an eye. */
const QUIET = seconds(1);
/** Below the idle time-outs of proxies. */
const HEARTBEAT = seconds(15);
const MOST_STREAMS = 200;
const text = new TextEncoder();

export function makeChanges(clock: Clock): Changes {
  const open = new Set<(chunk: string) => void>();
  let armed = false;
  let beating = false;
  const send = (chunk: string): void => {
    for (const one of [...open]) one(chunk);
  };
  const beat = (): void => {
    beating = open.size > 0;
    if (!beating) return;
    send(': still here\n\n');
    clock.after(HEARTBEAT, beat);
  };
  return {
    note: () => {
      if (armed || open.size === 0) return;
      armed = true;
      clock.after(QUIET, () => {
        armed = false;
        send('event: changed\ndata: \n\n');
      });
    },
    stream: (signal) => {
      if (open.size >= MOST_STREAMS) return null;
      let end = (): void => undefined;
      return new ReadableStream<Uint8Array>({
        start: (controller) => {
          const write = (chunk: string): void => {
            try {
              if (chunk === '') controller.close();
              else controller.enqueue(text.encode(chunk));
            } catch {
              open.delete(write);
            }
          };
          end = () => {
            open.delete(write);
          };
          open.add(write);
          signal.addEventListener('abort', end, { once: true });
          write('retry: 3000\n\n');
          if (!beating) {
            beating = true;
            clock.after(HEARTBEAT, beat);
          }
        },
        cancel: () => end(),
      });
    },
    close: () => {
      send('');
      open.clear();
    },
  };
}
