/** argv → command. */
import { CommanderError } from 'commander';
import { makeProgram } from './program.ts';

try {
  await makeProgram().parseAsync();
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown;
  process.exitCode = thrown.exitCode === 0 ? 0 : 1;
}
