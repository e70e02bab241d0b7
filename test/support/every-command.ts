/** Every command that the program knows, each with words that it takes: the list is the program's own, so that none can be forgotten. */
import type { Command } from 'commander';

/** What an argument or an option of this name is given. A name that is not here gets a word that means nothing. */
const WORDS: Readonly<Record<string, string>> = {
  environment: 'test',
  app: 'web',
  'app=image': 'web=registry.fly.io/acme-web:v1',
  image: 'registry.fly.io/acme-web:v1',
  org: 'acme',
  shell: 'bash',
  for: '2h',
  reason: 'a look',
  'month-to-date': '43.10',
  usd: '29',
  count: '2',
};
const wordFor = (name: string, given: Readonly<Record<string, string>>): string => given[name] ?? WORDS[name] ?? 'anything';

/** Words of each command line, such as `['cost', 'line', 'add', 'anything', '29']`; `given` goes before what is known here. */
export function everyCommand(program: Command, given: Readonly<Record<string, string>> = {}): readonly (readonly string[])[] {
  return program.commands.flatMap((command) => linesOf(command, [], given));
}
function linesOf(command: Command, before: readonly string[], given: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  const path = [...before, command.name()];
  const words = command.registeredArguments.map((one) => wordFor(one.name(), given));
  const options = command.options
    .filter(({ mandatory }) => mandatory)
    .flatMap((option) => [option.long ?? '', wordFor(option.name(), given)]);
  const own = acts(command) ? [[...path, ...words, ...options]] : [];
  return [...own, ...command.commands.flatMap((inner) => linesOf(inner, path, given))];
}
/** A group without an action of its own only shows its help. */
const acts = (command: Command): boolean => command.commands.length === 0 || typeof Reflect.get(command, '_actionHandler') === 'function';
