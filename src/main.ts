/** argv → command. Each file of `commands/` registers its own. */
import { Command, CommanderError, Option } from 'commander';
import { answerInJson, VERSION } from './commands/act.ts';
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
import { registerTools } from './commands/tools.ts';

const program = new Command('trimtab')
  .description('Keeps what runs on Fly.io equal to what is committed in git.')
  .version(VERSION, '-v, --version')
  .addOption(new Option('-o, --output <form>', 'form of the output').choices(['text', 'json']).default('text'))
  .showHelpAfterError('(trimtab --help lists everything)')
  .showSuggestionAfterError()
  .exitOverride()
  .hook('preAction', () => {
    if (program.opts()['output'] === 'json') answerInJson();
  });
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
  registerTools,
])
  register(program);

try {
  await program.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown;
  process.exitCode = thrown.exitCode === 0 ? 0 : 1;
}
