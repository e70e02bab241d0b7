/** Makes the fleet in a process of its own, so that its memory is not counted. Argument: the folder. */
import { APPS, fleetFiles, makeFleet } from './fleet.ts';

const [, , folder = ''] = process.argv;
await makeFleet(fleetFiles(APPS), folder);
process.exit(0);
