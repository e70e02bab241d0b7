/** Lists in pages: read until no cursor follows. A page may be empty while more remain. */
import { failure } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import type { Reply } from './port.ts';

/** A list that never ends is a fault of the platform: 200 pages of 1,000 are more than trimtab is built for. */
const MOST_PAGES = 200;

export interface Page {
  /** Null on the last one. */
  readonly nextCursor: string | null;
}
export async function readPages<P extends Page>(operation: string, read: (cursor: string | null) => Reply<P>): Reply<readonly P[]> {
  const pages: P[] = [];
  const seen = new Set<string>();
  let cursor: string | null = null;
  while (pages.length < MOST_PAGES) {
    const page = await read(cursor);
    if (!page.ok) return page;
    pages.push(page.value);
    cursor = page.value.nextCursor;
    if (cursor === null) return ok(pages);
    if (seen.has(cursor)) return err(failure('FLY_BAD_REPLY', `${operation}: the pages go in a circle`));
    seen.add(cursor);
  }
  return err(failure('FLY_BAD_REPLY', `${operation}: no end after ${MOST_PAGES} pages`));
}
