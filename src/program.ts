/** All commands. Each file of `commands/` registers its own. */
import { Command, Option } from 'commander';
import { answerIn, VERSION } from './commands/act.ts';
import { registerCost, registerGlance } from './commands/cost.ts';
import { registerDb } from './commands/db.ts';
import { registerImage } from './commands/image.ts';
import { registerLook } from './commands/look.ts';
import { registerProve } from './commands/prove.ts';
import { registerReleases } from './commands/releases.ts';
import { registerReport } from './commands/report.ts';
import { registerSecrets } from './commands/secrets.ts';
import { registerSteer } from './commands/steer.ts';
import { registerToken } from './commands/token.ts';
import { registerTold } from './commands/told.ts';
import { registerTools } from './commands/tools.ts';

export function makeProgram(): Command {
  const program = new Command('trimtab')
    .description('Keeps what runs on Fly.io equal to what is committed in git.')
    .version(VERSION, '-v, --version')
    .addOption(new Option('-o, --output <form>', 'form of the output').choices(['text', 'json']).default('text'))
    .showHelpAfterError('(trimtab --help lists everything)')
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', () => answerIn(program.opts()['output']));
  program.addHelpText(
    'after',
    '\nExit codes: 0 done or nothing to do · 1 error · 2 changes, or something is held.\nConfiguration: environment variables; the README has the table.',
  );
  for (const register of [
    registerSteer,
    registerReleases,
    registerImage,
    registerLook,
    registerDb,
    registerProve,
    registerSecrets,
    registerToken,
    registerGlance,
    registerCost,
    registerReport,
    registerTold,
    registerTools,
  ])
    register(program);
  return program;
}
