/** The few forms all dashboards are made of. Queries name the label `app` by a variable: where Fly scrapes, its own `app` stands there, and ours
 *  has become `exported_app`. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  CustomVariableBuilder,
  DashboardBuilder,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
export interface Query {
  readonly expr: string;
  /** What the line is called; `{{label}}` is filled in. */
  readonly legend: string;
}
interface Common {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly width?: number;
  readonly height?: number;
}
export interface StatForm extends Common {
  readonly query: Query;
  /** From this value on it is red; absent: no judgement. */
  readonly badFrom?: number;
  /** From this value on it is green, below red. */
  readonly goodFrom?: number;
  readonly decimals?: number;
}
export interface SeriesForm extends Common {
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  readonly min?: number;
}
const target = ({ expr, legend }: Query, at: number, instant = false): Builder<Dataquery> => {
  const query = new DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode(65 + at))
    .datasource(DATA_SOURCE);
  return instant ? query.instant() : query.range();
};
const STATS_PER_ROW = 6;

export function stat({ title, description, unit, query, badFrom, goodFrom, decimals, width = 24 / STATS_PER_ROW, height = 4 }: StatForm) {
  const steps =
    badFrom !== undefined
      ? [
          { value: null, color: 'green' },
          { value: badFrom, color: 'red' },
        ]
      : goodFrom !== undefined
        ? [
            { value: null, color: 'red' },
            { value: goodFrom, color: 'green' },
          ]
        : [{ value: null, color: 'text' }];
  const panel = new StatBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(width)
    .height(height)
    .datasource(DATA_SOURCE)
    .colorMode(badFrom === undefined && goodFrom === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .withTarget(target(query, 0, true));
  return decimals === undefined ? panel : panel.decimals(decimals);
}
export function series({ title, description, unit, queries, stacked = false, min = 0, width = 12, height = 8 }: SeriesForm) {
  const panel = new SeriesBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .min(min)
    .span(width)
    .height(height)
    .datasource(DATA_SOURCE)
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 8)
    .gradientMode(GraphGradientMode.None)
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None));
  return queries.reduce((all, query, at) => all.withTarget(target(query, at)), panel);
}
/** One row per series, its labels as columns. */
export function table({ title, description, unit, query, width = 24, height = 8 }: Common & { readonly query: Query }) {
  return new TableBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(width)
    .height(height)
    .datasource(DATA_SOURCE)
    .withTarget(
      new DataqueryBuilder()
        .expr(query.expr)
        .legendFormat(query.legend)
        .refId('A')
        .format(PromQueryFormat.Table)
        .instant()
        .datasource(DATA_SOURCE),
    );
}
export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}
export interface Page {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}
const variableOf = (name: string, label: string, query: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .query(query)
    .datasource(DATA_SOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });

export function dashboard({ uid, title, description, rows }: Page) {
  const start = new DashboardBuilder(`trimtab / ${title}`)
    .uid(`trimtab-${uid}`)
    .description(description)
    .tags(['trimtab'])
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new CustomVariableBuilder('app')
        .label('Scraped by')
        .description('Fly puts its own labels app and region before ours')
        .values('own Prometheus : app, Fly : exported_app')
        .current({ selected: true, text: 'own Prometheus', value: 'app' }),
    )
    .withVariable(variableOf('environment', 'Environment', 'label_values(trimtab_environment_info, environment)'));
  return rows
    .reduce((all, row) => row.panels.reduce((one, panel) => one.withPanel(panel), all.withRow(new RowBuilder(row.title))), start)
    .build();
}
