/** The saved fleet behind a real socket, in a process of its own. Argument: the folder. Prints its address. */
import { realClock } from '#platform/clock.ts';
import { startSimulator } from '#simulator/server.ts';

const [, , folder = ''] = process.argv;
const server = await startSimulator({ clock: realClock, seed: 'fleet', folder, apiPort: 0, edgePort: 0 });
process.stdout.write(`${server.apiUrl}\n`);
process.once('SIGTERM', () => process.exit(0));
