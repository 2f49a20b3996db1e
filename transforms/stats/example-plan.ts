/** Whether a job keeps example captions, how many, and of which columns. */
import { ConfigError } from '../../schemas/errors.js';
import type { TagNames } from '../../schemas/tags.js';
import type { Job } from '../read/job.js';
import { kindOf } from '../tag/column-kind.js';
import { MAXIMUM_EXAMPLES, mostExamples } from './examples.js';

type PlannedJob = Pick<Job, 'config' | 'columns'>;

const wanted = ({ config, columns }: PlannedJob): number =>
  columns.some((info) => info.name === 'text' && kindOf(info) === 'string') ? config.report.examples : 0;

/**
 * Captions of each attribute, label and value that the job keeps; 0 where the input has no captions.
 * Throws ConfigError where there may be more than MAXIMUM_EXAMPLES in all.
 */
export function exampleLimit(job: PlannedJob, names: TagNames): number {
  const limit = wanted(job);
  const [attributes, labels] = [names.attributes.length, names.labels.length];
  const most = mostExamples({ attributes, labels, limit });
  if (most <= MAXIMUM_EXAMPLES) return limit;
  throw new ConfigError([
    `report.examples: expected at most ${MAXIMUM_EXAMPLES} captions in all, got ${attributes} attributes x ${labels} labels x 2 x ${limit} = ${most}; fewer examples, or labels, fit.`,
  ]);
}

/** Columns that are read for them. */
export function exampleColumns(job: PlannedJob): string[] {
  if (wanted(job) === 0) return [];
  return ['text', ...(job.columns.some(({ name }) => name === 'id') ? ['id'] : [])];
}
