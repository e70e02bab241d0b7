/** Commands about who may sign in. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { act } from './act.ts';

const parts = () => import('#cli/token.ts');

export function registerToken(program: Command): void {
  const token = program.command('token').description('who may sign in to the pages and the API');
  token
    .command('add')
    .description('makes a token, and shows it this one time')
    .argument('<name>', 'of the person or the program')
    .addOption(new Option('--role <role>', 'viewer reads, operator acts').choices(['viewer', 'operator']).default('viewer'))
    .action(
      act(async (context, _config, name: string, { role }: { readonly role: 'viewer' | 'operator' }) =>
        (await parts()).addToken(context, name, role),
      ),
    );
  token
    .command('list')
    .description('names and roles')
    .action(act(async (context) => (await parts()).listTokens(context)));
  token
    .command('revoke')
    .description('ends a token and its sessions at once')
    .argument('<name>')
    .action(act(async (context, _config, name: string) => (await parts()).revokeToken(context, name)));
}
