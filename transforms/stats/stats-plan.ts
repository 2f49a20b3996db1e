/** What `stats` looks at in an input, bound to its columns. */
import { ConfigError, InvariantError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';
import type { TagNames } from '../../schemas/tags.js';
import type { Job } from '../read/job.js';
import { kindOf } from '../tag/column-kind.js';
import type { Stage } from '../tag/stage.js';
import { sourceCounts } from './agreement.js';
import { exampleLimit } from './example-plan.js';
import type { SliceValues } from './slice-value.js';
import { createSlices } from './slices.js';
import type { TallyShape } from './tally.js';
import { type Measured, measuredOf } from './tally-batch.js';

/** What `stats` reads of an input beside what filters and taggers do. */
export interface StatsPlan {
  readonly measured: readonly Measured[];
  readonly slices: readonly SliceValues[];
  readonly weights: string | undefined;
  /** Distinct words at most; 0: none. */
  readonly words: number;
  /** Example captions of each attribute, label and value; 0: none. */
  readonly examples: number;
  /** Whether rows need a random number. */
  readonly hashed: boolean;
  /** Columns that are read for it. */
  readonly columns: readonly string[];
}

function requireNumbers(at: string, name: string, columns: readonly ColumnInfo[]): string[] {
  const info = columns.find((c) => c.name === name);
  if (info === undefined) return [`${at}: no column ${name}; there are ${columns.map((c) => c.name).join(', ')}`];
  return ['number', 'boolean'].includes(kindOf(info)) ? [] : [`${at}: column ${name} holds ${info.type}, no numbers`];
}

/** Binds `stats` to the columns of the input. Throws ConfigError and InputError where they are not there or not fit. */
export function planStats({ config, columns }: Pick<Job, 'config' | 'columns'>, names: TagNames): StatsPlan {
  const { stats } = config;
  if (stats === undefined) throw new InvariantError('a job without statistics');
  const has = (name: string, kinds: readonly string[]) =>
    columns.some((info) => info.name === name && kinds.includes(kindOf(info)));
  const text = has('text', ['string']);
  const size = has('width', ['number']) && has('height', ['number']);
  const issues = [
    ...stats.distributions.flatMap((name, i) => requireNumbers(`stats.distributions[${i}]`, name, columns)),
    ...(stats.weights === undefined ? [] : requireNumbers('stats.weights', stats.weights, columns)),
  ];
  if (issues.length > 0) throw new ConfigError(issues);
  const measured = measuredOf({ text, size }, stats.distributions);
  const slices = createSlices(stats.slices, columns, names);
  const words = text ? stats.words : 0;
  const examples = exampleLimit({ config, columns }, names);
  const hashed = words > 0 || examples > 0 || slices.length > 0 || stats.weights !== undefined;
  return {
    measured,
    slices,
    weights: stats.weights,
    words,
    examples,
    hashed,
    columns: [
      ...new Set([
        ...measured.flatMap((m) => m.columns),
        ...slices.flatMap((s) => s.columns),
        ...(stats.weights === undefined ? [] : [stats.weights]),
        ...(hashed && columns.some((c) => c.name === 'id') ? ['id'] : []),
      ]),
    ],
  };
}

/** Of a job that is planned: what its tallies have. */
export function tallyShape(stage: Pick<Stage, 'names' | 'filters' | 'reasons' | 'job'>, plan: StatsPlan): TallyShape {
  return {
    attributes: stage.names.attributes.length,
    labels: stage.names.labels.length,
    sources: sourceCounts(stage.names),
    filters: stage.filters.length,
    codes: stage.reasons.length + 1,
    weighted: plan.weights !== undefined,
    distributions: plan.measured.length,
    examples: plan.examples,
    words: plan.words,
    slicings: plan.slices.length,
    values: stage.job.config.stats!.values,
  };
}
