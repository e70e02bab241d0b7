/** What ALTER TABLE does to a table that others use meanwhile. */
import type { JsonObject } from '#domain/json.ts';
import type { Found } from './dangers.ts';
import { flag, inner, list, object, text } from './statements.ts';

export const alterDangers = (node: JsonObject): readonly Found[] =>
  list(node, 'cmds').flatMap((wrapped) => {
    const command = inner(wrapped);
    switch (text(command, 'subtype')) {
      case 'AT_AddColumn':
        return addColumn(inner(command['def']));
      case 'AT_AlterColumnType':
        return [
          {
            rule: 'table-rewrite',
            message: `another type for ${text(command, 'name')} may write the whole table anew, under an exclusive lock`,
            remedy: 'add a column of the new type, fill it in batches, move readers over, and drop the old one later',
          },
        ];
      case 'AT_SetNotNull':
        return [
          {
            rule: 'not-null',
            message: `SET NOT NULL on ${text(command, 'name')} reads the whole table under an exclusive lock`,
            remedy: 'first a CHECK (… IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT in another file, then SET NOT NULL',
          },
        ];
      case 'AT_AddConstraint':
        return addConstraint(inner(command['def']));
      case 'AT_DropColumn':
        return [
          {
            rule: 'drop',
            message: `DROP COLUMN loses ${text(command, 'name')}, and the version that runs may still ask for it`,
            remedy: 'release a version that no longer uses it first; drop it with a later release',
          },
        ];
      case 'AT_SetLogged':
      case 'AT_SetUnLogged':
      case 'AT_SetTableSpace':
      case 'AT_SetAccessMethod':
        return [
          {
            rule: 'table-rewrite',
            message: 'the table is written anew under an exclusive lock',
            remedy: 'do it in a window, outside of a release',
          },
        ];
      default:
        return [];
    }
  });

function addColumn(column: JsonObject): readonly Found[] {
  const name = text(column, 'colname');
  const constraints = list(column, 'constraints').map(inner);
  const has = (type: string): boolean => constraints.some((one) => text(one, 'contype') === type);
  const fallback = constraints.find((one) => text(one, 'contype') === 'CONSTR_DEFAULT');
  const type =
    list(object(column, 'typeName'), 'names')
      .map((part) => text(inner(part), 'sval'))
      .at(-1) ?? '';
  const serial = /^(small|big)?serial\d?$/.test(type);
  if (serial || has('CONSTR_IDENTITY') || has('CONSTR_GENERATED') || (fallback !== undefined && isVolatile(fallback['raw_expr'])))
    return [
      {
        rule: 'table-rewrite',
        message: `a value of its own per row for ${name} writes the whole table anew, under an exclusive lock`,
        remedy: 'add the column without it, set the default for new rows, and fill the old ones in batches',
      },
    ];
  if ((has('CONSTR_NOTNULL') || has('CONSTR_PRIMARY')) && fallback === undefined)
    return [
      {
        rule: 'not-null',
        message: `${name} is NOT NULL and has no default: it fails as soon as there is a row`,
        remedy: 'add it with a DEFAULT, or nullable first',
      },
    ];
  return [];
}
/** Of the usual ones; `now()` and constants are the same for every row. */
const VOLATILE: readonly string[] = [
  'random',
  'gen_random_uuid',
  'uuid_generate_v4',
  'uuid_generate_v1',
  'uuidv4',
  'uuidv7',
  'nextval',
  'clock_timestamp',
  'timeofday',
];
function isVolatile(expression: unknown): boolean {
  const said = JSON.stringify(expression ?? null);
  return [...said.matchAll(/"FuncCall":\{"funcname":(\[.*?\])/g)].some(([, names = '']) =>
    VOLATILE.some((name) => names.includes(`"sval":"${name}"`)),
  );
}
function addConstraint(constraint: JsonObject): readonly Found[] {
  const name = text(constraint, 'conname') || 'the constraint';
  switch (text(constraint, 'contype')) {
    case 'CONSTR_CHECK':
    case 'CONSTR_FOREIGN':
    case 'CONSTR_NOTNULL':
      if (flag(constraint, 'skip_validation')) return [];
      return [
        {
          rule: 'scan-under-lock',
          message: `every row is checked against ${name} while writes wait`,
          remedy: 'add it NOT VALID, and VALIDATE CONSTRAINT in another file',
        },
      ];
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
    case 'CONSTR_EXCLUSION':
      if (text(constraint, 'indexname') !== '') return [];
      return [
        {
          rule: 'index-blocks-writes',
          message: `the index of ${name} is built while nobody can use the table`,
          remedy: 'CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … USING INDEX',
        },
      ];
    default:
      return [];
  }
}
