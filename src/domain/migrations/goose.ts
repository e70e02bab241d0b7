/** goose's annotations: which lines of a file go up, and how. Lines keep their places, so that a position in what is run is one in the file. */

export interface GooseFile {
  readonly up: string;
  /** It has a way down. */
  readonly down: boolean;
  readonly noTransaction: boolean;
  readonly problems: readonly { readonly line: number; readonly message: string; readonly remedy: string }[];
}
const ANNOTATION = /^--\s*\+goose\s+(.+?)\s*$/i;

export function readGoose(text: string): GooseFile {
  const problems: { line: number; message: string; remedy: string }[] = [];
  const up: string[] = [];
  let section: 'none' | 'up' | 'down' = 'none';
  let down = false;
  let noTransaction = false;
  let begun: number | null = null;
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    const word = ANNOTATION.exec(line.trim())?.[1]?.toUpperCase().replace(/\s+/g, ' ');
    const here = at + 1;
    // An annotation is a comment to the database: only what goes up is kept.
    up.push(section === 'up' && word === undefined ? line : '');
    switch (word) {
      case undefined:
        break;
      case 'UP':
        if (section !== 'none') problems.push({ line: here, message: 'a second `+goose Up`', remedy: 'one Up, then at most one Down' });
        section = 'up';
        break;
      case 'DOWN':
        section = 'down';
        down = true;
        break;
      case 'NO TRANSACTION':
        noTransaction = true;
        break;
      case 'STATEMENTBEGIN':
        if (begun !== null)
          problems.push({ line: here, message: 'StatementBegin inside another one', remedy: 'end the first by StatementEnd' });
        begun = here;
        break;
      case 'STATEMENTEND':
        if (begun === null)
          problems.push({ line: here, message: 'StatementEnd without StatementBegin', remedy: 'add `-- +goose StatementBegin`' });
        begun = null;
        break;
      default:
        problems.push({
          line: here,
          message: `\`+goose ${word}\` is not carried out`,
          remedy: 'write the statement out; Up, Down, StatementBegin, StatementEnd and NO TRANSACTION are known',
        });
    }
  }
  if (begun !== null) problems.push({ line: begun, message: 'StatementBegin has no end', remedy: 'add `-- +goose StatementEnd`' });
  if (!up.some((line) => line.trim() !== '') && section === 'none')
    problems.push({ line: 1, message: 'there is no `-- +goose Up`', remedy: 'write `-- +goose Up` before the statements' });
  return { up: up.join('\n'), down, noTransaction, problems };
}
