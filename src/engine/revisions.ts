/** Revisions as the store keeps them: compiled documents by content hash. */
import { z } from 'zod';
import { revisionIdOf } from '#domain/compile.ts';
import type { TrimtabError } from '#domain/errors.ts';
import { revisionId } from '#domain/ids.ts';
import type { Json } from '#domain/json.ts';
import { ok, type Result } from '#domain/result.ts';
import type { CompiledEnvironment } from '#domain/revision.ts';
import type { Instant } from '#domain/units.ts';
import type { StoreDep } from '#platform/store/port.ts';
import type { AcceptedRevision } from './targets.ts';

/** Written by ourselves: only its frame is looked at. */
const Document = z.custom<CompiledEnvironment>(
  (value) =>
    z
      .object({ compilerVersion: z.number(), name: z.string(), apps: z.array(z.object({ app: z.string(), groups: z.array(z.unknown()) })) })
      .safeParse(value).success,
);
export async function readRevision(
  { store }: StoreDep,
  environment: string,
  id: string | null,
  signal: AbortSignal,
): Promise<Result<AcceptedRevision | null, TrimtabError>> {
  if (id === null) return ok(null);
  const row = await store.revision(environment, id, signal);
  if (!row.ok) return row;
  const document = Document.safeParse(row.value?.document);
  if (row.value === null || !document.success) return ok(null);
  return ok({ id: revisionId(row.value.id), sourceHash: row.value.sourceHash, document: document.data });
}
/** A document that no commit holds as it is: a baseline, or a commit with what people named and without what is pinned. */
export async function saveDerived(
  { store }: StoreDep,
  environment: string,
  document: CompiledEnvironment,
  origin: 'baseline' | 'derived',
  at: Instant,
  signal: AbortSignal,
): Promise<Result<AcceptedRevision, TrimtabError>> {
  const id = revisionIdOf(document);
  const saved = await store.saveRevision(
    { environment, id, sourceHash: origin, commit: null, document: toJson(document), acceptedAt: at },
    signal,
  );
  return saved.ok ? ok({ id, sourceHash: origin, document }) : saved;
}
/** Plain JSON: absent keys are left out. */
export const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));
