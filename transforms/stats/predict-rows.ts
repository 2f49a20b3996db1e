/** Beam: splits of a file of predictions become sums of scores, merged by key and then all together. */
import type { RecordBatch } from 'apache-arrow';
import picomatch from 'picomatch';
import { registerDoFn, registerMerge } from '../../beam/index.js';
import type { PredictionsConfig } from '../../schemas/config.js';
import { ConfigError, InputError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { hardened } from '../../schemas/tags.js';
import { CountSplits } from '../read/count-splits.js';
import type { Job } from '../read/job.js';
import type { Unreadable } from '../read/losses.js';
import type { Examples } from '../read/reader.js';
import { listColumn, numberColumn, utf8Column } from '../tag/column.js';
import { kindOf } from '../tag/column-kind.js';
import { openStage, type Stage } from '../tag/stage.js';
import {
  addLabels,
  addPredicted,
  addScores,
  decodePredictions,
  emptyPredictions,
  encodePredictions,
  mergePredictions,
  type Predictions,
} from './predictions.js';

/** Columns of a file of predictions. */
export interface PredictionColumns {
  /** Scores, each of a label; none: `label` holds the predicted labels. */
  readonly scores: readonly string[];
  readonly label: ColumnInfo | undefined;
  /** By attribute: the column with its predicted share. */
  readonly predicted: readonly { readonly attribute: number; readonly column: string }[];
}

const isNumeric = (info: ColumnInfo | undefined) => info !== undefined && ['number', 'boolean'].includes(kindOf(info));

/** Finds the columns. Throws ConfigError where they are not there or not fit, or where nothing is predicted. */
export function predictionColumns(
  config: PredictionsConfig,
  attributes: readonly string[],
  columns: readonly ColumnInfo[],
): PredictionColumns {
  const at = 'stats.predictions';
  const byName = new Map(columns.map((info) => [info.name, info]));
  const there = `there are ${[...byName.keys()].join(', ')}`;
  const issues: string[] = [];
  const scores = [
    ...new Set(
      config.scores.flatMap((pattern, i) => {
        const matches = picomatch(pattern, { dot: true });
        const found = [...byName.values()].filter(({ name }) => name === pattern || matches(name));
        if (found.length === 0) issues.push(`${at}.scores[${i}]: no column matches ${pattern}; ${there}`);
        for (const info of found) {
          if (!isNumeric(info)) issues.push(`${at}.scores[${i}]: column ${info.name} holds ${info.type}, no numbers`);
        }
        return found.map(({ name }) => name);
      }),
    ),
  ];
  const predicted = attributes.flatMap((name, attribute) => {
    const given = config.predicted[name];
    const column = given ?? `predicted_${name}`;
    if (given === undefined && !byName.has(column)) return [];
    if (!isNumeric(byName.get(column)))
      issues.push(`${at}.predicted.${name}: no column ${column} of numbers; ${there}`);
    return [{ attribute, column }];
  });
  const label = config.scores.length > 0 ? undefined : byName.get(config.label);
  if (label !== undefined && !['string', 'strings'].includes(kindOf(label))) {
    issues.push(`${at}.label: column ${label.name} holds ${label.type}, neither strings nor lists of them`);
  }
  if (label === undefined && scores.length === 0 && predicted.length === 0) {
    issues.push(`${at}.label: no column ${config.label}, nor any scores or predicted attributes; ${there}`);
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return { scores, label, predicted };
}

/** Throws InvariantError through the job where it has no predictions. */
export function columnsOfJob({ config, columns }: Pick<Job, 'config' | 'columns'>, attributes: readonly string[]) {
  return predictionColumns(config.stats!.predictions!, attributes, columns);
}

async function openPredictions(staging: string): Promise<{ stage: Stage; columns: PredictionColumns }> {
  let columns!: PredictionColumns;
  const stage = await openStage(staging, {
    columns: (job, names) => {
      columns = columnsOfJob(job, names.attributes);
      return [
        ...columns.scores,
        ...(columns.label === undefined ? [] : [columns.label.name]),
        ...columns.predicted.map(({ column }) => column),
      ];
    },
  });
  return { columns, stage };
}

/** [rows] numbers, NaN where null. */
function numbers(batch: RecordBatch, column: string): Float64Array {
  const { values, valid } = numberColumn(batch, column);
  return Float64Array.from({ length: batch.numRows }, (_, i) =>
    valid === undefined || valid[i] === 1 ? Number(values[i]) : Number.NaN,
  );
}

function labelReader(batch: RecordBatch, info: ColumnInfo): (row: number) => string[] {
  const decoder = new TextDecoder();
  const known = new Map<string, string>();
  const textOf = (bytes: Uint8Array) => {
    const text = decoder.decode(bytes);
    if (!known.has(text)) known.set(text, text);
    return known.get(text)!;
  };
  if (kindOf(info) === 'string') {
    const { values, offsets, valid } = utf8Column(batch, info.name);
    return (row) => {
      const isThere = offsets[row + 1] > offsets[row] && (valid === undefined || valid[row] === 1);
      return isThere ? [textOf(values.subarray(offsets[row], offsets[row + 1]))] : [];
    };
  }
  const { items, offsets, valid } = listColumn(batch, info.name);
  return (row) => {
    if (valid !== undefined && valid[row] === 0) return [];
    const labels: string[] = [];
    for (let item = offsets[row]; item < offsets[row + 1]; item++) {
      if (items.valid !== undefined && items.valid[item] === 0) continue;
      labels.push(textOf(items.values.subarray(items.offsets[item], items.offsets[item + 1])));
    }
    return labels;
  };
}

class PredictRows extends CountSplits {
  private stage!: Stage;
  private columns!: PredictionColumns;
  private predictions!: Predictions;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    ({ stage: this.stage, columns: this.columns } = await openPredictions(this.staging));
  }

  protected reader() {
    return this.stage.reader;
  }

  protected begin() {
    this.predictions = emptyPredictions(this.stage.names.attributes.length);
  }

  /** A model's figures are of all that it predicted, or of nothing. */
  protected lost({ file, reason }: Unreadable) {
    throw new InputError('predictions', { file, expected: 'rows that can be read', got: reason });
  }

  protected encoded() {
    return encodePredictions(this.predictions);
  }

  protected add({ batch }: Examples): void {
    const { predictions } = this;
    const { scores, label, predicted } = this.columns;
    const tags = hardened(this.stage.tag(batch));
    if (label === undefined) {
      addScores(
        predictions,
        tags,
        scores.map((column) => ({ label: column, values: numbers(batch, column) })),
      );
    } else addLabels(predictions, tags, labelReader(batch, label));
    for (const { attribute, column } of predicted) {
      addPredicted(predictions, attribute, numbers(batch, column), column);
    }
  }
}

/** Config: the staging folder. Encoded Predictions of a bundle, in pieces. */
export const predictRows = registerDoFn('m4-balance.stats.predict', (staging: string) => new PredictRows(staging));
/** Config: the number of attributes. */
export const mergePredicted = registerMerge(
  'm4-balance.stats.predict.merge',
  (attributes: number) => attributes,
  (parts, attributes) => {
    const all = emptyPredictions(attributes);
    for (const bytes of parts) mergePredictions(all, decodePredictions(bytes, attributes));
    return encodePredictions(all);
  },
);
