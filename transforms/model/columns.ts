/** The columns that models add to batches: names, and how they come from the scores of classes. */
import { ConfigError } from '../../schemas/errors.js';
import type { ModelConfig } from '../../schemas/models-config.js';
import type { ColumnInfo } from '../../schemas/split.js';

/** A model of a job, with what its file told when the run was planned. */
export interface PlannedModel {
  readonly name: string;
  readonly config: ModelConfig;
  readonly classes: readonly string[];
  /** Of the file of weights: a worker refuses another one. */
  readonly sha256: string;
  readonly bytes: number;
}

/** One column: the sum of weights times scores of classes. */
export interface ScoreColumn {
  readonly name: string;
  /** [classes] */
  readonly weights: Float64Array;
}

/**
 * `<model>.<class>` for each class, `<model>.<group>` for each group (the sum of its classes) and `<model>.<expected>` (the mean of the classes, which
 * are numbers, by their scores).
 * @throws ConfigError for a class that is not there, one that is no number where numbers are wanted, or a name twice.
 */
export function scoreColumns({
  name,
  config,
  classes,
}: Pick<PlannedModel, 'name' | 'config' | 'classes'>): ScoreColumn[] {
  const issues: string[] = [];
  const at = `models.${name}`;
  const numbers = classes.map(Number);
  const numeric = numbers.every(Number.isFinite);
  const columns: ScoreColumn[] = classes.map((own, i) => ({
    name: `${name}.${own}`,
    weights: Float64Array.from(classes, (_, j) => (i === j ? 1 : 0)),
  }));
  for (const [group, of] of Object.entries(config.groups ?? {})) {
    if (Array.isArray(of)) {
      for (const wanted of of) {
        if (!classes.includes(wanted)) {
          issues.push(`${at}.groups.${group}: expected some of ${classes.slice(0, 20).join(', ')}, got ${wanted}.`);
        }
      }
      columns.push({
        name: `${name}.${group}`,
        weights: Float64Array.from(classes, (own) => (of.includes(own) ? 1 : 0)),
      });
    } else {
      const { from, to = Number.POSITIVE_INFINITY } = of as { from: number; to?: number };
      if (!numeric) issues.push(`${at}.groups.${group}: expected a list of classes, as they are no numbers, got from.`);
      columns.push({
        name: `${name}.${group}`,
        weights: Float64Array.from(numbers, (x) => (x >= from && x <= to ? 1 : 0)),
      });
    }
  }
  if (config.expected !== undefined) {
    if (!numeric)
      issues.push(`${at}.expected: expected classes that are numbers, got ${classes.slice(0, 5).join(', ')}.`);
    columns.push({ name: `${name}.${config.expected}`, weights: Float64Array.from(numbers) });
  }
  const seen = new Set<string>();
  for (const { name: column } of columns) {
    if (seen.has(column)) issues.push(`${at}: expected each class and group once, got ${column} again.`);
    seen.add(column);
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return columns;
}

/** The columns of all models, in order. */
export function modelColumns(models: readonly PlannedModel[]): ColumnInfo[] {
  return models.flatMap((model) => scoreColumns(model).map(({ name }) => ({ name, type: 'Float32', nullable: true })));
}

/** Columns [rows, columns] of scores [rows, classes]; NaN stays NaN. */
export function mixScores(scores: Float32Array, rows: number, columns: readonly ScoreColumn[]): Float32Array {
  const width = columns.length;
  const classes = rows === 0 ? 0 : scores.length / rows;
  const out = new Float32Array(rows * width);
  columns.forEach(({ weights }, column) => {
    const used = [...weights.keys()].filter((j) => weights[j] !== 0);
    for (let row = 0; row < rows; row++) {
      // A row without scores has none in any class; the first tells it for groups that use no class.
      let sum = Number.isNaN(scores[row * classes]!) ? Number.NaN : 0;
      for (const j of used) sum += weights[j]! * scores[row * classes + j]!;
      out[row * width + column] = sum;
    }
  });
  return out;
}
