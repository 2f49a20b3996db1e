/**
 * The tables in BigQuery: their only definition. Each has the run, its date (by which it is partitioned) and the name of the data set (by
 * which it is clustered); a run's rows are replaced as a whole. A column may be added here, and existing tables then get it; one may
 * never change its type or go away.
 */

export type ColumnType = 'STRING' | 'INTEGER' | 'FLOAT' | 'BOOLEAN' | 'DATE' | 'RECORD';
export type ColumnMode = 'REQUIRED' | 'NULLABLE' | 'REPEATED';

/** A column as BigQuery's REST interface writes it. */
export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly mode: ColumnMode;
  readonly description?: string;
  readonly fields?: readonly TableColumn[];
}

export interface TableDefinition {
  readonly description: string;
  readonly columns: readonly TableColumn[];
  readonly partitionedBy: string;
  readonly clusteredBy: readonly string[];
}

const column = (
  name: string,
  type: ColumnType,
  description: string,
  mode: ColumnMode = 'NULLABLE',
  fields?: readonly TableColumn[],
): TableColumn => ({ name, type, mode, description, ...(fields && { fields }) });

/** Columns that every table begins with, and that no load file has: they are set when rows are put in place. */
export const RUN_COLUMNS: readonly TableColumn[] = [
  column('run', 'STRING', 'Hash of the configuration, the input and the version, as in manifest.json', 'REQUIRED'),
  column('run_date', 'DATE', 'Day on which the run was finished, in UTC', 'REQUIRED'),
];

const dataset = column('dataset', 'STRING', 'Name of the data set', 'REQUIRED');
const stage = column('stage', 'STRING', "'raw', a filter's name, 'balanced', 'resampled', 'weighted' or 'random'");
const slicing = [
  column('slicing', 'STRING', 'By what the rows were sliced; null: not at all'),
  column('slice', 'STRING', 'The slice of the slicing; null: the rows without a value'),
  column('sample', 'FLOAT', 'Share of the rows behind it: 1 but for slicings of too many values'),
];

function table(
  description: string,
  columns: readonly TableColumn[],
  clusteredBy: readonly string[] = ['dataset', 'run'],
): TableDefinition {
  return { description, columns: [...RUN_COLUMNS, ...columns], partitionedBy: 'run_date', clusteredBy };
}

export const BIGQUERY_TABLES = {
  runs: table('One row a run and data set, written last: what is not here was not wholly loaded', [
    dataset,
    column('command', 'STRING', "'balance' or 'stats'"),
    column('m4_balance', 'STRING', 'Version'),
    column('rows_read', 'INTEGER', 'Rows of the input'),
    column('rows_kept', 'INTEGER', 'Rows that passed the filters and, where rows were balanced, were written'),
    column('rows_written', 'INTEGER', 'Rows written, copies counted; null where none are'),
    column('dropped', 'RECORD', 'Rows dropped, by reason', 'REPEATED', [
      column('reason', 'STRING', 'Why'),
      column('rows', 'INTEGER', 'Rows'),
    ]),
    column('targets', 'RECORD', 'Target share of each attribute', 'REPEATED', [
      column('attribute', 'STRING', 'Name'),
      column('target', 'FLOAT', 'Share'),
    ]),
    column('fit', 'STRING', "'exact', 'thinned', 'stream' or 'online'; null where nothing was balanced"),
    column('rate', 'FLOAT', 'Mean weight'),
    column('largest_feasible_rate', 'FLOAT', 'Largest rate at which all constraints can be met'),
    column('feasible', 'BOOLEAN', 'Whether all constraints can be met at this rate; null where that is not known'),
    column('gap', 'FLOAT', '(primal - dual) / primal of the certificate'),
    column('violation', 'FLOAT', 'Sum of how far each constraint is beyond its tolerance'),
    column('config', 'STRING', 'The configuration, in JSON'),
  ]),
  moments: table('Supports and sums of weights, from which every share and bias is computed', [
    dataset,
    stage,
    column('position', 'INTEGER', 'Of the stage in the run, from 0'),
    ...slicing,
    column('attribute', 'STRING', 'null: about all examples'),
    column('value', 'STRING', "'present', 'absent', or 'all' where attribute is null"),
    column('label', 'STRING', 'null: with any label or none'),
    column('support', 'INTEGER', 'Examples'),
    column('weight', 'FLOAT', 'Sum of their weights'),
    column('squares', 'FLOAT', 'Sum of the squares of their weights'),
  ]),
  pairs: table('Association bias of each attribute with each label', [
    dataset,
    stage,
    column('position', 'INTEGER', 'Of the stage in the run, from 0'),
    ...slicing,
    column('attribute', 'STRING', 'Name'),
    column('label', 'STRING', 'Name'),
    column('support', 'INTEGER', 'The least of: examples with the label; with the attribute; without it'),
    column('ranked', 'BOOLEAN', 'Whether the support is at least report.minimumSupport'),
    column('ab', 'FLOAT', '|difference|'),
    column('difference', 'FLOAT', 'E[label | present] - E[label | absent]'),
    column('difference_low', 'FLOAT', 'Of the interval, simultaneous over the ranked pairs of the stage'),
    column('difference_high', 'FLOAT', 'Of the interval'),
    column('ratio', 'FLOAT', 'E[label | present] / E[label | absent]'),
    column('share', 'FLOAT', 'E[attribute | label]'),
    column('share_low', 'FLOAT', 'Of its interval'),
    column('share_high', 'FLOAT', 'Of its interval'),
  ]),
  drift: table('What `diff` tested: run is the later of two, before the earlier', [
    dataset,
    column('before', 'STRING', 'The earlier run'),
    stage,
    column('figure', 'STRING', "'kept', 'unknown', 'representation', 'association' or 'label'"),
    column('attribute', 'STRING', 'null where the figure has none'),
    column('label', 'STRING', 'null where the figure has none'),
    column('value_before', 'FLOAT', 'The figure in the earlier run'),
    column('value_after', 'FLOAT', 'The figure in the later run'),
    column('difference', 'FLOAT', 'value_after - value_before'),
    column('support_before', 'FLOAT', 'Examples behind it, effective where weighted'),
    column('support_after', 'FLOAT', 'Examples behind it, effective where weighted'),
    column('z', 'FLOAT', 'Two-sample statistic'),
    column('p', 'FLOAT', 'Two-sided'),
    column('q', 'FLOAT', 'Least false discovery rate at which the figure counts as drifted'),
    column('drifted', 'BOOLEAN', 'Whether it does, and by at least the least difference that matters'),
  ]),
} satisfies Readonly<Record<string, TableDefinition>>;

export type BigQueryTable = keyof typeof BIGQUERY_TABLES;

/** The table of weights of runs with these attributes, of which `soft` are probabilities; it gains columns with each new attribute. */
export function weightsTable(attributes: readonly string[], soft: readonly string[] = []): TableDefinition {
  return table(
    'The weight of every row that was read',
    [
      dataset,
      column('id', 'STRING', 'Id of the example'),
      column('weight', 'FLOAT', 'q'),
      column('copies', 'INTEGER', 'Copies written'),
      ...attributes.map((name) => column(`s_${name}`, 'BOOLEAN', `Whether ${name} is present; null: not known`)),
      ...soft.map((name) => column(`p_${name}`, 'FLOAT', `Probability that ${name} is present; null: not known`)),
      column('labels', 'STRING', 'Labels that the example carries', 'REPEATED'),
      column('reason', 'STRING', 'Why it was dropped; null: written'),
    ],
    ['dataset', 'run', 'id'],
  );
}
