/** What must be true of a value before it is written. All that is wrong is told at once, with what to do, never with the value. */
import type { SecretDeclaration } from './desired-sources.ts';
import type { SecretFault } from './secret-picture.ts';
import { sourceText } from './secret-picture.ts';
import type { SecretValue } from './secret-value.ts';

export function faultsOf(name: string, declaration: SecretDeclaration, value: SecretValue | null, prefix: string): readonly SecretFault[] {
  const { required = true, from } = declaration;
  if (value === null || value.isEmpty) {
    // Whether a pushed one is there, only the platform tells.
    if (!required || from.pushed !== undefined) return [];
    return [
      {
        code: 'SECRET_MISSING',
        message: `${name} is not set: ${sourceText(from, prefix)} gives nothing`,
        remedy: missingRemedy(name, declaration, prefix),
      },
    ];
  }
  return brokenRules(name, declaration, value);
}
function missingRemedy(name: string, { from }: SecretDeclaration, prefix: string): string {
  if (from.env !== undefined) return `set ${prefix}${from.env} for the controller, or declare ${name} with required: false`;
  if (from.file !== undefined) return `put the value into ${from.file}, or declare ${name} with required: false`;
  return `let ${sourceText(from, prefix)} give ${name}, or declare it with required: false`;
}
function brokenRules(name: string, { must, from }: SecretDeclaration, value: SecretValue): readonly SecretFault[] {
  const where = sourceText(from);
  const broken = (message: string, remedy: string): SecretFault => ({ code: 'SECRET_RULE', message: `${name} ${message}`, remedy });
  const { contain, match, notContain } = must ?? {};
  return [
    ...(value.isTooLong ? [broken('is longer than 64 KiB', `correct what ${where} gives`)] : []),
    ...(contain !== undefined && !value.contains(contain)
      ? [broken(`does not contain ${contain}`, `correct what ${where} gives: it must contain ${contain}`)]
      : []),
    ...(match !== undefined && !value.matches(match)
      ? [broken(`does not match ${match}`, `correct what ${where} gives: it must match ${match}`)]
      : []),
    ...(notContain !== undefined && value.contains(notContain)
      ? [broken(`contains ${notContain}, which it must not`, `correct what ${where} gives: take ${notContain} out`)]
      : []),
  ];
}
