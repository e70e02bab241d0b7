/** `http`, `tcp` and `grpc` checks from inside a machine: by a program of its image, through the platform's exec. */
import type { ClockDep } from '#domain/clock.ts';
import { isJsonObject, type JsonObject } from '#domain/json.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Check } from '#domain/smoke.ts';
import type { Exchange } from '#domain/smoke-judge.ts';
import { elapsed, isoToInstant } from '#domain/units.ts';
import type { ExecOutcome } from '#platform/fly/port.ts';
import { clip } from './evidence.ts';
import { faultOf } from './faults.ts';
import { served } from './grpc.ts';
import { EXEC_LIMIT_S, type Guest, runTool } from './guest.ts';
import { toolsFor } from './guest-tools.ts';
import { checkHttp, type HttpTransport } from './http.ts';
import { type Attempt, type Fault, failed } from './port.ts';
import { accepted } from './tcp.ts';

/** The program gives up before the platform ends it, so that it can still say so. */
const TOOL_LIMIT_S = EXEC_LIMIT_S - 5;

export async function checkFromApp(deps: ClockDep, guest: Guest, check: Check, signal: AbortSignal): Promise<Attempt | null> {
  const { probe, latency } = check;
  if (probe.kind === 'http') return checkHttp({ ...deps, transport: makeGuestHttp(guest) }, probe, latency, signal);
  if (probe.kind !== 'tcp' && probe.kind !== 'grpc') return null;
  const began = deps.clock.now();
  const done = await runTool(guest, toolsFor(probe, TOOL_LIMIT_S), signal);
  if (!done.ok) return failed(done.error);
  const took = elapsed(began, deps.clock.now());
  const { tool, ran } = done.value;
  const via = `${tool.program} in ${guest.app}`;
  const told = tool.reads === 'json' ? readJson(ran) : readExit(ran, probe.kind);
  if (!told.ok) return failed(told.error, clip(`${via}\n${ran.stdout}\n${ran.stderr}`));
  const attempt = probe.kind === 'tcp' ? accepted(probe.host, took, latency) : served(String(told.value['status']), took, latency);
  return { ...attempt, evidence: `${via}: ${attempt.evidence}` };
}
function readJson({ stdout, stderr }: ExecOutcome): Result<JsonObject, Fault> {
  const parsed = parseOrNull(stdout);
  if (!isJsonObject(parsed)) return err({ message: `the program answered in other words: ${clip(stderr || stdout, 120)}`, remedy: null });
  return typeof parsed['error'] === 'string' ? err(faultOf(parsed['error'])) : ok(parsed);
}
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text.trim());
  } catch {
    return null;
  }
}
/** Programs that say it by their end. `grpc_health_probe` ends with 4 when the server answers, but not SERVING. */
function readExit({ exitCode, stderr, stdout }: ExecOutcome, kind: 'tcp' | 'grpc'): Result<JsonObject, Fault> {
  if (exitCode === 0) return ok({ status: 'SERVING' });
  if (kind === 'grpc' && exitCode === 4) return ok({ status: /"(\w+)"/.exec(stderr)?.[1] ?? 'NOT_SERVING' });
  return err({ message: clip(stderr || stdout || `ended with ${exitCode}`, 200), remedy: 'check the address, and that the server runs' });
}

const makeGuestHttp = (guest: Guest): HttpTransport => ({
  get: async (url, signal) => {
    const done = await runTool(guest, toolsFor({ kind: 'http', url: url.href }, TOOL_LIMIT_S), signal);
    if (!done.ok) return done;
    const { tool, ran } = done.value;
    return tool.reads === 'curl' ? readCurl(ran) : readExchange(ran);
  },
});
function readExchange(ran: ExecOutcome): Result<Exchange, Fault> {
  const told = readJson(ran);
  if (!told.ok) return told;
  const { status, headers, body, validTo } = told.value;
  const given = Object.entries(isJsonObject(headers) ? headers : {}).map(([name, value]) => [name, String(value)]);
  return ok({
    status: Number(status),
    headers: Object.fromEntries(given),
    body: String(body ?? ''),
    validTo: typeof validTo === 'string' ? isoToInstant(validTo) : null,
  });
}
/** What curl says by its end. */
const CURL: Readonly<Record<number, string>> = {
  6: 'ENOTFOUND',
  7: 'ECONNREFUSED',
  28: 'ETIMEDOUT',
  35: 'EPROTO',
  60: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
};
function readCurl({ exitCode, stdout, stderr }: ExecOutcome): Result<Exchange, Fault> {
  const known = CURL[exitCode];
  if (exitCode !== 0)
    return err({ ...(known === undefined ? { message: clip(stderr, 200), remedy: null } : faultOf(known)), evidence: clip(stderr) });
  const [head = '', ...rest] = stdout.split(/\r?\n\r?\n/);
  const [first = '', ...lines] = head.split(/\r?\n/);
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return ok({ status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: rest.join('\n\n'), validTo: null });
}
