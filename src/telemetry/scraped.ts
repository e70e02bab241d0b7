/** Gauges that are read at each scrape: made anew from the picture, and nothing of them is kept. prom-client keeps an object and a hash of its
 *  labels per series; of a thousand apps that is three megabytes for ever and forty while somebody scrapes. */
import { Gauge, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';

export type Fill<L extends string> = (set: (labels: Record<L, string>, value: number) => void) => void;

export class ScrapedGauge<L extends string> extends Gauge<L> {
  readonly #head: string;
  readonly #name: string;
  readonly #fill: Fill<L>;
  constructor(about: { readonly name: string; readonly help: string }, labelNames: readonly L[], fill: Fill<L>, registry: Registry) {
    super({ ...about, labelNames: [...labelNames], registers: [registry] });
    this.#name = about.name;
    this.#head = `# HELP ${about.name} ${about.help}\n# TYPE ${about.name} gauge\n`;
    this.#fill = fill;
  }
  /** As objects, for whoever asks the registry. */
  override async get(): Promise<MetricObjectWithValues<MetricValue<L>>> {
    const values: MetricValue<L>[] = [];
    this.#fill((labels, value) => void values.push({ labels, value }));
    return { ...(await super.get()), values };
  }
  text(): string {
    const lines: string[] = [];
    this.#fill((labels, value) => void lines.push(`${this.#name}${labelsToText(labels)} ${numberToText(value)}\n`));
    return this.#head + lines.join('');
  }
}
function labelsToText(labels: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in labels) text += `${text === '' ? '{' : ','}${name}="${escaped(labels[name] ?? '')}"`;
  return text === '' ? '' : `${text}}`;
}
const escaped = (text: string): string => text.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
function numberToText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf';
}

/** The whole exposition, metric by metric: it is never in memory at once. */
export async function* textOf(registry: Registry): AsyncGenerator<string> {
  for (const metric of registry.getMetricsAsArray()) {
    const known = registry.getSingleMetric(metric.name);
    if (known === undefined) continue;
    yield known instanceof ScrapedGauge ? `${known.text()}\n` : `${await registry.getSingleMetricAsString(metric.name)}\n\n`;
  }
}
