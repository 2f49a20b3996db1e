/** What a run leaves, as rows of the tables of BigQuery; `run` and `run_date` are set when rows are put in place. */
import type { Manifest } from '../../schemas/manifest.js';
import { columnOf, EVERY, type Moments } from '../../schemas/moments.js';
import type { Certificate } from '../../schemas/report.js';
import type { Drift } from '../../schemas/stats-diff.js';
import type { State, StateSet } from '../../schemas/stats-state.js';
import { ABSENT, PRESENT } from '../../schemas/tags.js';
import { association, pairFigure } from '../stats/measures.js';
import { cellOf } from '../stats/moments.js';
import { slicedValues, sliceStages } from '../stats/slice-stages.js';
import { tallyOf } from '../stats/state.js';
import { stagesOf } from '../stats/stats-report.js';
import { pairStagesOf } from '../stats/stats-stages.js';
import { UNREADABLE } from '../tag/stage.js';

export type Row = Readonly<Record<string, unknown>>;

interface StageMoments {
  readonly stage: string;
  /** In the run, from 0. */
  readonly position: number;
  readonly slicing: string | null;
  /** null: rows without a value, or, where there is no slicing, all. */
  readonly slice: string | null;
  /** Share of the rows that are behind it, 1 but for slicings of too many values. */
  readonly sample: number;
  readonly moments: Moments;
}

/** All stages of a data set; then those of each slice that the report tells, and of rows without a value. */
function* stagesOfSet(set: StateSet, shown: number): Generator<StageMoments> {
  const tally = tallyOf(set);
  const stages = stagesOf(set, tally);
  const positions = new Map(stages.map(({ name }, i) => [name, i]));
  for (const [position, { name, moments }] of stages.entries()) {
    yield { stage: name, position, slicing: null, slice: null, sample: 1, moments };
  }
  const filters = set.filters.length;
  const names = { attributes: set.attributes.map(({ name }) => name), labels: set.labels };
  const told = pairStagesOf(stages, filters).map(({ name }) => name);
  for (const [i, { name: slicing }] of set.slicings.entries()) {
    const table = tally.slicings[i]!;
    const { present, missing } = slicedValues(table, names.attributes.length);
    const values = [...present.slice(0, shown), ...(missing === undefined ? [] : [missing])];
    for (const value of values) {
      const slice = value === missing ? null : value.value;
      for (const { name, moments } of sliceStages(table, [value], { names, filters, told })) {
        yield { stage: name, position: positions.get(name)!, slicing, slice, sample: 2 ** -table.level, moments };
      }
    }
  }
}

/** What the tables call the data sets of a run that is called `name` there: alone by that name, side by side with their own behind it. */
export function datasetNames({ sets }: State, name: string | undefined): string[] {
  return sets.map((set) => (name === undefined ? set.name : sets.length === 1 ? name : `${name}/${set.name}`));
}

/** Cells of one stage that hold something: all examples first, then each label, by attribute and value. */
function* cellsOf(moments: Moments, set: StateSet): Generator<Row> {
  if (moments.support === null) return;
  for (let block = 0; block <= moments.labels; block++) {
    const label = block === EVERY ? null : set.labels[block - 1];
    for (let k = -1; k < moments.attributes; k++) {
      for (const value of k < 0 ? [EVERY] : [ABSENT, PRESENT]) {
        const cell = cellOf(moments, k < 0 ? EVERY : columnOf(k, value), block);
        if (cell.support === 0) continue;
        const attribute = k < 0 ? null : set.attributes[k]!.name;
        yield { attribute, value: k < 0 ? 'all' : value === PRESENT ? 'present' : 'absent', label, ...cell };
      }
    }
  }
}

/** Rows of `moments`: a cell each, of all that holds an example. */
export function* momentRows(state: State, name: string | undefined): Generator<Row> {
  const datasets = datasetNames(state, name);
  for (const [i, set] of state.sets.entries()) {
    for (const { moments, ...place } of stagesOfSet(set, state.options.values)) {
      for (const cell of cellsOf(moments, set)) yield { dataset: datasets[i], ...place, ...cell };
    }
  }
}

/** Rows of `pairs`: each attribute and label that any example bears on, with the figures and intervals of the report. */
export function* pairRows(state: State, name: string | undefined): Generator<Row> {
  const datasets = datasetNames(state, name);
  const { minimumSupport, confidence } = state.options;
  for (const [i, set] of state.sets.entries()) {
    for (const { moments, ...place } of stagesOfSet(set, state.options.values)) {
      const { z } = association(moments, { minimumSupport, confidence, worst: 0, listed: 0 });
      for (let k = 0; k < moments.attributes; k++) {
        for (let r = 0; r < moments.labels; r++) {
          if (cellOf(moments, EVERY, r + 1).support === 0) continue;
          const figure = pairFigure(moments, k, r, z);
          yield {
            dataset: datasets[i],
            ...place,
            attribute: set.attributes[k]!.name,
            label: set.labels[r],
            support: figure.support,
            ranked: figure.support >= minimumSupport && figure.ab !== null,
            ab: figure.ab,
            difference: figure.difference,
            difference_low: figure.interval.low,
            difference_high: figure.interval.high,
            ratio: figure.ratio,
            share: figure.share,
            share_low: figure.shareInterval.low,
            share_high: figure.shareInterval.high,
          };
        }
      }
    }
  }
}

/** What the manifest says of the run as a whole. */
export interface RunSummary {
  readonly rows: Manifest['rows'];
  /** Empty where nothing was balanced. */
  readonly certificate: Partial<Certificate>;
}

/** Rows of a data set that was only counted; a run of balance has one data set, and its manifest tells. */
function countedRows({ read, dropped, unreadable }: StateSet): Omit<Manifest['rows'], 'written'> {
  const reasons = [...dropped, { reason: UNREADABLE, rows: unreadable }].filter(({ rows }) => rows > 0);
  const kept = reasons.reduce((left, { rows }) => left - rows, read);
  return { read, kept, dropped: Object.fromEntries(reasons.map(({ reason, rows }) => [reason, rows])) };
}

/** Rows of `runs`, one a data set. */
export function* runRows(state: State, name: string | undefined, { rows, certificate }: RunSummary): Generator<Row> {
  const datasets = datasetNames(state, name);
  const balanced = state.source === 'balance';
  for (const [i, set] of state.sets.entries()) {
    const { read, kept, dropped } = balanced ? rows : countedRows(set);
    yield {
      dataset: datasets[i],
      command: state.source,
      m4_balance: state.m4Balance,
      rows_read: read,
      rows_kept: kept,
      rows_written: balanced ? rows.written : null,
      dropped: Object.entries(dropped).map(([reason, rows]) => ({ reason, rows })),
      targets: set.attributes.map(({ name, target }) => ({ attribute: name, target })),
      fit: certificate.fit ?? null,
      rate: certificate.rate ?? null,
      largest_feasible_rate: certificate.largestFeasibleRate ?? null,
      feasible: certificate.feasible ?? null,
      gap: certificate.gap ?? null,
      violation: certificate.violation ?? null,
      config: JSON.stringify(state.config),
    };
  }
}

/** Rows of `drift`. `name` as for the run: the data sets of both sides have the same names. */
export function* driftRows(figures: readonly Drift[], before: string, name: string | undefined): Generator<Row> {
  const sets = new Set(figures.map(({ set }) => set));
  for (const figure of figures) {
    yield {
      dataset: name === undefined ? figure.set : sets.size === 1 ? name : `${name}/${figure.set}`,
      before,
      stage: figure.stage,
      figure: figure.figure,
      attribute: figure.attribute,
      label: figure.label,
      value_before: figure.before,
      value_after: figure.after,
      difference: figure.difference,
      support_before: figure.supportBefore,
      support_after: figure.supportAfter,
      z: figure.z,
      p: figure.p,
      q: figure.q,
      drifted: figure.drifted,
    };
  }
}
