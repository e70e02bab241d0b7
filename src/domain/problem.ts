/** What is wrong with a file that people write: where, which rule, what, and what to do. All of them are told at once. */
export interface Problem {
  /** As the source names it, relative to its root. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly rule: string;
  /** One sentence, never with a value that may be secret. */
  readonly message: string;
  readonly remedy: string;
}

/** `file:line:column rule: message` and the remedy under it: what every surface prints. */
export const problemText = (problem: Problem): string =>
  `${problem.file}:${problem.line}:${problem.column} ${problem.rule}: ${problem.message}\n  ${problem.remedy}`;

/** By file, then place, then rule: the same problems always read in the same order. */
export const sortProblems = (problems: readonly Problem[]): readonly Problem[] =>
  [...problems].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.rule, b.rule) || compare(a.message, b.message),
  );
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
