/** One measured figure against its limit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  /** A count of work: must hold on every machine. */
  readonly work: boolean;
  readonly note?: string;
}
export const round = (value: number): number => Math.round(value * 100) / 100;
export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
