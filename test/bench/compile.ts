import { compileEnvironment, configPaths } from '#domain/compile.ts';
import { parseDesired } from '#domain/desired-parse.ts';
import { type Figure, median, round } from './figure.ts';
import { fleetFiles } from './fleet.ts';

export function measureCompile(): Promise<readonly Figure[]> {
  const all = new Map(Object.entries(fleetFiles(1_000)));
  const yaml = new Map([...all].filter(([path]) => path.endsWith('.yaml')));
  const spans = [1, 2, 3, 4, 5].map(() => {
    const started = performance.now();
    const before = process.cpuUsage();
    const folder = parseDesired({ folder: 'desired-state/fleet', files: yaml, lookup: { process: {}, bare: true, stored: {} } });
    const compiled = compileEnvironment(folder, { readFile: (path) => all.get(path) ?? null, resolvedImages: () => null });
    if (!compiled.ok || compiled.value.document.apps.length !== 1_000 || configPaths(folder).length !== 1_000)
      throw new Error('the fleet does not compile');
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1e3 };
  });
  return Promise.resolve([
    {
      name: 'compile_1000_apps',
      value: round(median(spans.map(({ wall }) => wall))),
      unit: 's',
      limit: 1,
      work: false,
      note: `wall, as a person waits for it; ${round(median(spans.map(({ cpu }) => cpu)))} s of processor time, which a busy machine does not stretch`,
    },
  ]);
}
