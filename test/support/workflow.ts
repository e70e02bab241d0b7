/** A workflow's jobs as GitHub runs them, as far as ours go: the environment of a job, its `run:` lines one after the other, outputs of steps. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const Step = z.looseObject({ id: z.string().optional(), run: z.string().optional(), uses: z.string().optional() });
const Job = z.looseObject({ env: z.record(z.string(), z.string()).default({}), steps: z.array(Step) });
const Workflow = z.looseObject({ jobs: z.record(z.string(), Job) });

/** What expressions of the workflow may name, such as `secrets.FLY_API_TOKEN` or `needs.plan.outputs.plan`. */
export type Known = Readonly<Record<string, string>>;
export interface WorkflowJob {
  /** Of every step. */
  readonly env: Readonly<Record<string, string>>;
  readonly lines: readonly { readonly id: string | null; readonly line: string }[];
}
export function jobOf(file: string, name: string, known: Known): WorkflowJob {
  const job = Workflow.parse(parse(readFileSync(join('.github/workflows', file), 'utf8'))).jobs[name];
  if (job === undefined) throw new Error(`${file} has no job ${name}`);
  return {
    env: Object.fromEntries(Object.entries(job.env).map(([key, text]) => [key, filled(text, known)])),
    lines: job.steps.flatMap(({ id = null, run }) => (run === undefined ? [] : [{ id, line: run }])),
  };
}
/** A name that nobody gave is empty, as there; an expression of another form is none that this can tell. */
const filled = (text: string, known: Known): string =>
  text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => meaningOf(expression, known));
function meaningOf(expression: string, known: Known): string {
  const either = expression.split(' || ');
  if (either.length > 1)
    return (
      either.map((one) => meaningOf(one, known)).find((value) => value !== '' && value !== 'false') ?? meaningOf(either.at(-1) ?? '', known)
    );
  const [, name, word] = /^([\w.]+) == '([^']*)'$/.exec(expression) ?? [];
  if (name !== undefined) return String((known[name] ?? '') === word);
  const [, text] = /^'([^']*)'$/.exec(expression) ?? [];
  if (text !== undefined) return text;
  if (!/^[a-z_]+(\.[\w-]+)+$/.test(expression)) throw new Error(`an expression that this cannot tell: ${expression}`);
  return known[expression] ?? '';
}
/** Every `run:` line of every workflow. */
export const linesIn = (files: readonly string[]): readonly string[] =>
  files.flatMap((file) => {
    const { jobs } = Workflow.parse(parse(readFileSync(join('.github/workflows', file), 'utf8')));
    return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  });
/** `name=value` of the file that GITHUB_OUTPUT names. */
export const outputsIn = (path: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (existsSync(path) ? readFileSync(path, 'utf8') : '')
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
