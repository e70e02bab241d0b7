/** Plots as SVG, drawn on the server: no script, no inline style, both themes by the style sheet. Every plot has its figures beside it as text. */
import { html } from 'hono/html';
import { dollars, type Html } from './parts.ts';

const WIDTH = 720;
const HEIGHT = 240;
const LEFT = 58;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 24;
/** Distinct colours of the style sheet; the last one is everything else. */
export const SERIES = 6;

/** The next round number above, and the steps to it. */
export function scaleFor(most: number): { readonly top: number; readonly ticks: readonly number[] } {
  if (most <= 0) return { top: 1_000_000, ticks: [0, 1_000_000] };
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const count = Math.ceil(most / step);
  return { top: step * count, ticks: Array.from({ length: count + 1 }, (_, at) => at * step) };
}
interface Axes {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}
const round = (value: number): number => Math.round(value * 10) / 10;
function frame(label: string, columns: number, top: number, ticks: readonly number[], draw: (axes: Axes) => Html): Html {
  const x = (value: number): number => round(LEFT + (value / columns) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): number => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM));
  const every = columns > 16 ? 5 : 1;
  const days = Array.from({ length: columns }, (_, at) => at + 1).filter((day) => day === 1 || day % every === 0);
  const whole = ticks.every((tick) => tick % 1_000_000 === 0);
  const lines = ticks.map(
    (tick) =>
      html`<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${money(tick, whole)}</text>`,
  );
  const names = days.map((day) => html`<text x="${x(day - 0.5)}" y="${HEIGHT - 7}" text-anchor="middle">${day}</text>`);
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${lines}${names}${draw({ x, y })}</svg>`;
}
/** Short: `$0.05`, `$12`, `$1.2k`. */
function money(micro: number, whole: boolean): string {
  const amount = micro / 1_000_000;
  if (amount >= 1_000) return `$${round(amount / 1_000)}k`;
  return amount === 0 || whole ? `$${Math.round(amount)}` : amount < 0.01 ? `$${amount.toPrecision(1)}` : `$${amount.toFixed(2)}`;
}

export interface DayBar {
  /** Day of the month, from 1. */
  readonly day: number;
  /** One amount per series, drawn one above the other. */
  readonly amounts: readonly number[];
}
/** What each day cost, by series. A day on which a credit was more than the cost has no bar. */
export function dayBars(label: string, days: readonly DayBar[], columns: number): Html {
  const totals = days.map(({ amounts }) => amounts.reduce((sum, one) => sum + Math.max(0, one), 0));
  const { top, ticks } = scaleFor(Math.max(0, ...totals));
  return frame(
    label,
    columns,
    top,
    ticks,
    ({ x, y }) =>
      html`${days.map(({ day, amounts }) => {
        let under = 0;
        return amounts.map((amount, series) => {
          if (amount <= 0) return '';
          const [from, to] = [y(under), y(under + amount)];
          under += amount;
          return html`<rect class="s${series}" x="${x(day - 0.88)}" width="${round(x(0.76) - x(0))}" y="${to}" height="${round(from - to)}"/>`;
        });
      })}`,
  );
}

export interface MonthLine {
  readonly columns: number;
  /** Days since the month began, with fraction → micro-dollars so far. */
  readonly points: readonly { readonly at: number; readonly amount: number }[];
  /** Of the end of the month; null: the month is over. */
  readonly forecast: { readonly amount: number; readonly low: number; readonly high: number } | null;
  readonly limits: readonly { readonly label: string; readonly amount: number }[];
}
/** The month so far, where it goes, and what it may cost. */
export function monthLine(label: string, { columns, points, forecast, limits }: MonthLine): Html {
  const last = points.at(-1) ?? { at: 0, amount: 0 };
  const shown = Math.max(forecast?.high ?? 0, last.amount, ...limits.map(({ amount }) => amount));
  const { top, ticks } = scaleFor(shown * 1.02);
  return frame(label, columns, top, ticks, ({ x, y }) => {
    const path = [{ at: 0, amount: 0 }, ...points].map(({ at, amount }) => `${x(at)},${y(Math.max(0, amount))}`).join(' ');
    const [from, base] = [`${x(last.at)},${y(Math.max(0, last.amount))}`, y(0)];
    const ahead =
      forecast === null
        ? html``
        : html`<polygon class="band" points="${from} ${x(columns)},${y(Math.max(0, forecast.high))} ${x(columns)},${y(Math.max(0, forecast.low))}"/><polyline class="ahead" points="${from} ${x(columns)},${y(Math.max(0, forecast.amount))}"/><text x="${x(columns) - 4}" y="${y(Math.max(0, forecast.amount)) - 6}" text-anchor="end">${dollars(forecast.amount)}</text>`;
    const marks = limits.map(
      ({ label: name, amount }) =>
        html`<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(amount)}" y2="${y(amount)}"/><text class="limit" x="${LEFT + 6}" y="${y(amount) - 5}">${name} ${dollars(amount)}</text>`,
    );
    return html`<polygon class="under" points="${x(0)},${base} ${path} ${x(last.at)},${base}"/><polyline class="line" points="${path}"/>${ahead}${marks}<circle class="dot" cx="${x(last.at)}" cy="${y(Math.max(0, last.amount))}" r="3.5"/>`;
  });
}

export interface BudgetBar {
  readonly amount: number;
  readonly used: number;
  readonly forecast: number;
  /** Where it is a warning, and critical, in micro-dollars. */
  readonly warning: number;
  readonly critical: number;
  readonly tone: 'good' | 'warn' | 'bad';
}
const BAR_HEIGHT = 42;
/** Used in colour, the forecast paler, and a mark where each limit is. */
export function budgetBar(label: string, { amount, used, forecast, warning, critical, tone }: BudgetBar): Html {
  const top = Math.max(amount, used, forecast, warning, critical) * 1.06;
  const x = (value: number): number => round((Math.max(0, value) / top) * WIDTH);
  const at = (value: number, name: string, word: string): Html =>
    html`<line class="${name}" x1="${x(value)}" x2="${x(value)}" y1="2" y2="20"/><text class="${name}" x="${x(value)}" y="${BAR_HEIGHT - 2}" text-anchor="middle">${word}</text>`;
  const share = (value: number): string => `${Math.round((value / amount) * 100)} %`;
  return html`<svg class="plot budget ${tone}" viewBox="0 0 ${WIDTH} ${BAR_HEIGHT}" role="img" aria-label="${label}"><rect class="rail" x="0" y="5" width="${WIDTH}" height="12" rx="6"/><rect class="ahead" x="0" y="5" width="${x(forecast)}" height="12" rx="6"/><rect class="used" x="0" y="5" width="${x(used)}" height="12" rx="6"/>${at(warning, 'warning', share(warning))}${critical === warning ? '' : at(critical, 'critical', share(critical))}</svg>`;
}
