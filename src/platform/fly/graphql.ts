/** The GraphQL questions without a REST form: which digest an image has, the fly.toml of the newest release, static egress addresses. */
import { z } from 'zod';
import { type ErrorCode, failure } from '#domain/errors.ts';
import { digest, type MachineId, machineId } from '#domain/ids.ts';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import type { ObservedEgress } from '#domain/observed.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { type ApiOptions, perform, type Wire } from './call.ts';
import { type Attempted, type Failed, oneLine, type RawReply, unreadable } from './errors.ts';
import type { FlyClient, ResolvedImage } from './port.ts';
import { firstIssue, judgeBy, text, toInstantOrNull } from './reply.ts';
import { makeSend } from './uiex.ts';

const RESOLVE_IMAGE = `query ResolveImage($app: String!, $ref: String!) { app(name: $app) { id image(ref: $ref) { id digest ref } } }`;
const RELEASE_DEFINITION = `query ReleaseDefinition($app: String!) { app(name: $app) { currentReleaseUnprocessed { configDefinition } } }`;
const EGRESS = 'egressIpAddresses { nodes { ip version region updatedAt } }';
const EGRESS_ADDRESSES = `query EgressAddresses($app: String!) { app(name: $app) { ${EGRESS} machines { nodes { id ${EGRESS} } } } }`;

const Image = z.object({ ref: text, digest: text });
const ImageData = z.object({ app: z.object({ image: Image.nullish() }) });
const Definition = z.custom<JsonObject>((value) => isJsonObject(value), 'not an object');
const DefinitionData = z.object({
  app: z.object({ currentReleaseUnprocessed: z.object({ configDefinition: Definition.nullish() }).nullish() }),
});
const Egress = z
  .object({ nodes: z.array(z.object({ ip: z.string(), version: z.number(), region: text, updatedAt: text })).nullish() })
  .nullish();
const EgressData = z.object({
  app: z.object({
    egressIpAddresses: Egress,
    machines: z.object({ nodes: z.array(z.object({ id: z.string(), egressIpAddresses: Egress })).nullish() }).nullish(),
  }),
});

type GraphqlCalls = Pick<FlyClient, 'resolveImage' | 'releaseDefinition' | 'listEgressAddresses'>;
export function makeGraphqlCalls(wire: Wire, options: ApiOptions): GraphqlCalls {
  const send = makeSend(options);
  const ask = (query: string, variables: JsonObject) => send('POST', '/graphql', { query, variables });
  return {
    async resolveImage(app, reference, signal) {
      const call = { operation: 'resolve image', action: 'image.resolve', id: app, idempotent: true };
      const asked = ask(RESOLVE_IMAGE, { app, ref: reference });
      const found = await perform(wire, { ...call, send: asked, judge: judgeGraphql(call, ImageData) }, signal);
      if (found.ok) return ok(imageOf(reference, found.value.app.image ?? null));
      return NO_SUCH_IMAGE.test(found.error.message) ? ok(null) : found;
    },
    async releaseDefinition(app, signal) {
      const call = { operation: 'show release definition', action: 'release.definition', id: app, idempotent: true };
      const asked = ask(RELEASE_DEFINITION, { app });
      const found = await perform(wire, { ...call, send: asked, judge: judgeGraphql(call, DefinitionData) }, signal);
      return found.ok ? ok(found.value.app.currentReleaseUnprocessed?.configDefinition ?? null) : found;
    },
    async listEgressAddresses(app, signal) {
      const call = { operation: 'list egress addresses', action: 'egress.list', id: app, idempotent: true };
      const asked = ask(EGRESS_ADDRESSES, { app });
      const found = await perform(wire, { ...call, send: asked, judge: judgeGraphql(call, EgressData) }, signal);
      if (!found.ok) return found;
      const { egressIpAddresses, machines } = found.value.app;
      return ok([
        ...pairsOf(egressIpAddresses, null),
        ...(machines?.nodes ?? []).flatMap((machine) => pairsOf(machine.egressIpAddresses, machineId(machine.id))),
      ]);
    },
  };
}

/** A pair is told as two nodes; it is known by its v4. */
const pairsOf = (told: z.infer<typeof Egress>, machine: MachineId | null): readonly ObservedEgress[] =>
  (told?.nodes ?? [])
    .filter(({ version }) => version === 4)
    .map(({ ip, region, updatedAt }) => ({ ip, region: region ?? '', machine, updatedAt: toInstantOrNull(updatedAt) }));

/** The registry's ways to say no. */
const NO_SUCH_IMAGE = /unknown repository|could not find image|manifest unknown/i;

const imageOf = (asked: string, image: z.infer<typeof Image> | null): ResolvedImage | null =>
  image === null ? null : { ref: image.ref || asked, digest: image.digest ? digest(image.digest) : null };

const Answer = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ message: z.string().catch(''), extensions: z.object({ code: text }).nullish().catch(null) })).nullish(),
});

/** GraphQL says no with status 200 and a list of errors. */
const judgeGraphql =
  <T>(attempted: Attempted, schema: z.ZodType<T>) =>
  (reply: RawReply): Result<T, Failed> => {
    const answer = judgeBy(attempted, Answer)(reply);
    if (!answer.ok) return answer;
    const [refusal] = answer.value.errors ?? [];
    if (refusal !== undefined) return err(refusalToFailed(attempted, refusal.message, refusal.extensions?.code ?? '', reply));
    const parsed = schema.safeParse(answer.value.data);
    return parsed.success
      ? ok(parsed.data)
      : err({ error: unreadable(attempted, reply.status, firstIssue(parsed.error)), repeatable: false });
  };

function refusalToFailed(attempted: Attempted, message: string, word: string, reply: RawReply): Failed {
  const code = CODE_BY_SIGN.find(([sign]) => sign.test(`${word} ${message}`))?.[1] ?? 'FLY_INVALID';
  const requestId = reply.requestId === null ? {} : { requestId: reply.requestId };
  return {
    error: failure(code, `${attempted.operation}: ${oneLine(message || word)}`, { status: reply.status, ...requestId }),
    repeatable: code === 'FLY_UNAVAILABLE' && attempted.idempotent,
  };
}
const CODE_BY_SIGN: readonly (readonly [RegExp, ErrorCode])[] = [
  [/NOT_FOUND|could not find/i, 'FLY_NOT_FOUND'],
  [/UNAUTHORIZED|UNAUTHENTICATED|not authenticated|must be authenticated/i, 'FLY_UNAUTHORIZED'],
  [/FORBIDDEN|not authorized/i, 'FLY_FORBIDDEN'],
  [/RATE_LIMIT|THROTTLED/i, 'FLY_RATE_LIMITED'],
  [/SERVER_ERROR|INTERNAL|timed? ?out/i, 'FLY_UNAVAILABLE'],
];
