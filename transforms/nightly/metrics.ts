/** Figures of a run as metrics, and in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */
import type { Figures } from '../../schemas/nightly.js';

export interface NightMetrics {
  /** The time that the run took for now, in seconds since the epoch. */
  readonly at: number;
  readonly succeeded: boolean;
  /** undefined: nothing is known of the set, as the run failed. */
  readonly figures: Figures | undefined;
}

const HELP: Readonly<Partial<Record<keyof Figures, string>>> = {
  nights: 'Nights of the set in use.',
  newNights: 'Nights that the last run added.',
  rows: 'Rows read, of all nights of the set.',
  newRows: 'Rows read of the nights that the last run added.',
  kept: 'Rows of the set that passed the filters.',
  written: 'Rows of the shards.',
  rb: 'Representation bias of the set, weighted.',
  ab: 'Association bias of the set, weighted.',
  ess: 'Effective sample size of the set.',
  rate: 'Mean weight.',
  largestRate: 'Largest feasible rate.',
  gap: 'Relative duality gap of the fit.',
  steps: 'Newton iterations of the fit.',
};

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

/** A figure that cannot be told is left out. */
export function metricsOf({ at, succeeded, figures }: NightMetrics): Metric[] {
  const told = Object.entries(HELP).flatMap(([key, help]) => {
    const value = figures?.[key as keyof Figures];
    return typeof value === 'number' ? [{ name: `m4_balance_${snake(key)}`, help, value }] : [];
  });
  return [
    { name: 'm4_balance_last_run_timestamp_seconds', help: 'The time that the last run took for now.', value: at },
    {
      name: 'm4_balance_last_run_success',
      help: '1 where the last run published or had nothing to do, else 0.',
      value: succeeded ? 1 : 0,
    },
    ...told,
  ];
}

export function prometheusText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, value }) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`)
    .join('');
}
