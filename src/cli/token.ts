/** `trimtab token`: who may sign in to the pages and the API. */
import { type CliContext, type ExitCode, sayError, withOperator } from './context.ts';

type Role = 'viewer' | 'operator';
export function addToken(context: CliContext, name: string, role: Role): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const added = await operator.addToken(name, role, context.user, context.signal);
    if (!added.ok) return sayError(context, added.error);
    if (added.value === null) {
      context.err(`error: there is a token of ${name} already\n  \`trimtab token revoke ${name}\` first, or choose another name\n`);
      return 1;
    }
    if (context.json) context.out(`${JSON.stringify({ name, role, token: added.value })}\n`);
    else context.out(`${added.value}\n`);
    context.err(`token of ${name} (${role}); it is shown this one time\n`);
    return 0;
  });
}
export function listTokens(context: CliContext): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const tokens = await operator.tokens(context.signal);
    if (!tokens.ok) return sayError(context, tokens.error);
    if (context.json) context.out(`${JSON.stringify(tokens.value, null, 2)}\n`);
    else if (tokens.value.length === 0) context.out('no token: `trimtab token add NAME --role operator`\n');
    else
      for (const { name, role, createdAt } of tokens.value)
        context.out(`${name.padEnd(20)} ${role.padEnd(9)} since ${new Date(createdAt).toISOString()}\n`);
    return 0;
  });
}
export function revokeToken(context: CliContext, name: string): Promise<ExitCode> {
  return withOperator(context, async ({ operator }) => {
    const revoked = await operator.revokeToken(name, context.user, context.signal);
    if (!revoked.ok) return sayError(context, revoked.error);
    if (revoked.value) {
      context.err(`the token of ${name} is revoked; its sessions have ended\n`);
      return 0;
    }
    context.err(`error: there is no token of ${name}\n  \`trimtab token list\` shows them\n`);
    return 1;
  });
}
