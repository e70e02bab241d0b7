/** The official description with the listed differences put in from our own: what the platform is known to do. Objects are closed, so that a
 *  field nobody describes is told; and what every answer of the platform has is required, which the official description leaves open. */
import { isJsonObject, type Json, type JsonObject } from '#domain/json.ts';

export interface DescribedOperation {
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly query: JsonObject;
  readonly headers: readonly { readonly name: string; readonly required: boolean }[];
  /** Null: it takes none. */
  readonly body: { readonly required: boolean; readonly schema: JsonObject } | null;
  /** Null: an answer without a body. */
  readonly replies: ReadonlyMap<number, JsonObject | null>;
  readonly refusal: JsonObject;
}
export interface Description {
  readonly components: JsonObject;
  readonly operations: readonly DescribedOperation[];
}
/** Source: fly-behaviour.md §15.1 and the shapes of §1 and §2; the platform's own CLI falls over without them. */
const ALWAYS_THERE: Readonly<Record<string, readonly string[]>> = {
  App: ['id', 'name', 'organization', 'status'],
  Machine: ['id', 'name', 'state', 'region', 'instance_id', 'image_ref', 'host_status', 'created_at', 'updated_at', 'private_ip', 'events'],
  MachineEvent: ['id', 'type', 'status', 'source', 'timestamp'],
  CheckStatus: ['name', 'status', 'updated_at'],
  OrgMachine: ['id', 'app_name', 'instance_id', 'name', 'region', 'state', 'created_at', 'updated_at', 'version', 'config'],
  OrgMachinesResponse: ['machines'],
  Volume: ['id', 'name', 'state', 'region', 'size_gb', 'host_status', 'created_at'],
  IPAssignment: ['ip', 'created_at'],
  AppSecret: ['name', 'digest', 'created_at', 'updated_at'],
  LeaseReply: ['status', 'data'],
};

export function agreedDescription(official: JsonObject, ours: JsonObject, places: readonly string[]): Description {
  const theirs: JsonObject = structuredClone(official);
  for (const place of places) putIn(theirs, ours, place);
  const components: JsonObject = { schemas: at(theirs, 'components', 'schemas') };
  closeAll(components);
  for (const [name, fields] of Object.entries(ALWAYS_THERE)) {
    const schema = at(components, 'schemas', name);
    const unknown = fields.filter((field) => !isJsonObject(at(schema, 'properties')[field]));
    if (unknown.length > 0) throw new Error(`${name} has no ${unknown.join(', ')}`);
    set(schema, 'required', [...fields]);
  }
  return { components, operations: operationsOf(theirs) };
}
const object = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
const list = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const at = (root: JsonObject, ...path: readonly string[]): JsonObject => path.reduce((from, key) => object(from[key]), root);
/** A copy of our own, changed in place: nobody else has it. */
const set = (target: JsonObject, key: string, value: Json): void => {
  Object.assign(target, { [key]: value });
};

const PARAMETER = /^([A-Z]+) (\S+) (query|header) (\S+)$/;
const REPLY = /^([A-Z]+) (\S+) (\d{3})$/;
function putIn(theirs: JsonObject, ours: JsonObject, place: string): void {
  const [, method = '', path = '', where = '', name = ''] = PARAMETER.exec(place) ?? [];
  if (name !== '') {
    const mine = parametersOf(ours, path, method).find((one) => one['name'] === name && one['in'] === where);
    const operation = operationAt(theirs, path, method);
    const others = list(operation['parameters']).filter((one) => !(one['name'] === name && one['in'] === where));
    if (mine !== undefined) set(operation, 'parameters', [...others, mine]);
    return;
  }
  const [, verb = '', route = '', status = ''] = REPLY.exec(place) ?? [];
  if (status !== '') {
    const reply = at(operationAt(ours, route, verb), 'responses', status);
    set(at(operationAt(theirs, route, verb), 'responses'), status, reply);
    return;
  }
  putSchema(at(theirs, 'components', 'schemas'), at(ours, 'components', 'schemas'), place);
}
/** `Machine.version`, `fly.MachineConfig.containers[]`, `updateMetadataRequest.metadata{}`, or a whole schema that is ours alone. */
function putSchema(theirs: JsonObject, ours: JsonObject, place: string): void {
  const name = Object.keys(ours).find((one) => place === one || place.startsWith(`${one}.`));
  if (name === undefined) throw new Error(`differences.yaml names ${place}, and there is no such schema of ours`);
  if (place === name) return set(theirs, name, ours[name] ?? {});
  const steps = place
    .slice(name.length + 1)
    .split('.')
    .flatMap((step) => {
      const [, property = '', deeper = ''] = /^(.*?)(\[\]|\{\})?$/.exec(step) ?? [];
      return ['properties', property, ...(deeper === '[]' ? ['items'] : deeper === '{}' ? ['additionalProperties'] : [])];
    });
  const last = steps.at(-1) ?? '';
  set(at(theirs, name, ...steps.slice(0, -1)), last, at(ours, name, ...steps));
}
const operationAt = (root: JsonObject, path: string, method: string): JsonObject => at(root, 'paths', path, method.toLowerCase());
function parametersOf(root: JsonObject, path: string, method: string): readonly JsonObject[] {
  const item = at(root, 'paths', path);
  return [...list(item['parameters']), ...list(object(item[method.toLowerCase()])['parameters'])].map((parameter) => {
    const name = typeof parameter['$ref'] === 'string' ? (parameter['$ref'].split('/').at(-1) ?? '') : null;
    return name === null ? parameter : at(root, 'components', 'parameters', name);
  });
}

/** An object with named fields has no others. */
function closeAll(value: Json): void {
  if (Array.isArray(value)) value.forEach(closeAll);
  if (!isJsonObject(value)) return;
  if (isJsonObject(value['properties']) && value['additionalProperties'] === undefined) set(value, 'additionalProperties', false);
  Object.values(value).forEach((inner) => {
    closeAll(inner ?? null);
  });
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
function operationsOf(root: JsonObject): readonly DescribedOperation[] {
  return Object.entries(at(root, 'paths')).flatMap(([path, item]) =>
    METHODS.filter((method) => isJsonObject(object(item)[method])).map((method) => operationOf(root, path, method)),
  );
}
function operationOf(root: JsonObject, path: string, method: string): DescribedOperation {
  const operation = operationAt(root, path, method);
  const parameters = parametersOf(root, path, method);
  const inQuery = parameters.filter((one) => one['in'] === 'query');
  const body = schemaOf(object(operation['requestBody']));
  return {
    method: method.toUpperCase(),
    path,
    query: {
      type: 'object',
      additionalProperties: false,
      required: inQuery.filter((one) => one['required'] === true).map((one) => String(one['name'])),
      properties: Object.fromEntries(inQuery.map((one) => [String(one['name']), referring(object(one['schema']))])),
    },
    headers: parameters
      .filter((one) => one['in'] === 'header')
      .map((one) => ({ name: String(one['name']), required: one['required'] === true })),
    body: body === null ? null : { required: object(operation['requestBody'])['required'] === true, schema: body },
    replies: new Map(
      Object.entries(object(operation['responses'])).flatMap(([status, reply]) => {
        return status === 'default' ? [] : [[Number(status), schemaOf(object(reply))]];
      }),
    ),
    refusal: { $ref: 'fly#/components/schemas/ErrorResponse' },
  };
}
function schemaOf(content: JsonObject): JsonObject | null {
  const schema = at(content, 'content', 'application/json', 'schema');
  if (Object.keys(schema).length === 0) return null;
  const own = structuredClone(schema);
  closeAll(own);
  return referring(own);
}
/** References go to the components where they are registered. */
function referring(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"fly#/components/'));
}
