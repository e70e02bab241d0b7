/** Every query of every dashboard as Grafana would send it, and what rules stand on. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { textsByFile } from '#infra/dashboards/build.ts';

const Target = z.object({ expr: z.string(), legendFormat: z.string().default(''), instant: z.boolean().default(false) });
const Dashboard = z.object({
  title: z.string(),
  description: z.string().default(''),
  panels: z.array(
    z.object({
      title: z.string().optional(),
      description: z.string().default(''),
      type: z.string(),
      targets: z.array(Target).optional(),
      fieldConfig: z.object({ defaults: z.object({ unit: z.string().optional() }) }).optional(),
    }),
  ),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string(), query: z.unknown() })) }),
});
const dashboards = [...textsByFile.values()].map((text) => Dashboard.parse(JSON.parse(text)));

export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly description: string;
  readonly unit: string;
  readonly expr: string;
  readonly over: 'instant' | 'range';
  /** Labels that its legend fills in. */
  readonly labels: readonly string[];
}
/** `app`: the name that our label has where it is scraped. Some scrapes fit into the interval, as Grafana takes care of. */
export function panelQueries(app: 'app' | 'exported_app'): readonly PanelQuery[] {
  const fill = (text: string): string => {
    const filled = text
      .replaceAll('$environment', '.*')
      .replaceAll(/\$\{app\}/g, app)
      .replaceAll('$__rate_interval', '15s');
    const left = /\$\{?\w+/.exec(filled);
    if (left !== null) throw new Error(`a variable that is not known here: ${left[0]} in ${text}`);
    return filled;
  };
  return dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr, legendFormat, instant }) => ({
        dashboard: title,
        panel: panel.title ?? '',
        description: panel.description,
        unit: panel.fieldConfig?.defaults.unit ?? 'short',
        expr: fill(expr),
        over: instant ? ('instant' as const) : ('range' as const),
        labels: [...fill(legendFormat).matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
      })),
    ),
  );
}
/** Label and series of each variable that asks the data source. */
export const variableQueries = (): readonly { readonly dashboard: string; readonly label: string; readonly series: string }[] =>
  dashboards.flatMap(({ title, templating }) =>
    templating.list.flatMap(({ type, query }) => {
      const [, series, label] = /^label_values\((\w+), (\w+)\)$/.exec(typeof query === 'string' ? query : '') ?? [];
      if (type !== 'query') return [];
      if (series === undefined || label === undefined)
        throw new Error(`${title}: a variable that is asked in another way: ${String(query)}`);
      return [{ dashboard: title, label, series }];
    }),
  );

const Rules = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ record: z.string().optional(), alert: z.string().optional(), expr: z.string() })) }),
  ),
});
const rules = Rules.parse(parse(readFileSync('infra/prometheus/rules.yaml', 'utf8'))).groups.flatMap((group) => group.rules);
export const recorded: readonly string[] = rules.flatMap(({ record }) => record ?? []);
export interface Stand {
  readonly alert: string;
  /** The metric, and that every label exists which the alert looks at. */
  readonly series: string;
}
/** An alert that does not fire has no data: what it stands on must have. */
export const alertStands = (): readonly Stand[] =>
  rules.flatMap(({ alert, expr }) =>
    alert === undefined
      ? []
      : [...expr.matchAll(/\b(trimtab[\w:]*)(?:\{([^}]*)\})?/g)].map(([, metric = '', matchers = '']) => ({
          alert,
          series: `${metric}{${[...matchers.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label]) => `${label}!=""`).join(', ')}}`,
        })),
  );
