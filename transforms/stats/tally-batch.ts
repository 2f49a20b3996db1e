/** Adds the rows of a batch to a tally: a pure function of the batch and what the filters and taggers said of it. */
import type { RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { UNIT, UNITS_PER_ONE } from '../../schemas/exact-sum.js';
import { hardened, type MergedNames, type Tags } from '../../schemas/tags.js';
import { countCharacters, countWords } from '../filter/length.js';
import { hasColumn, type NumberColumn, numberColumn, utf8Column } from '../tag/column.js';
import { addAgreements } from './agreement.js';
import { addCoOccurrences } from './co-occurrence.js';
import { addExamples } from './examples.js';
import { addCounts, addWeighted, MAXIMUM_WEIGHT } from './moments.js';
import { levelOf } from './row-hash.js';
import { addValue, type Sketch } from './sketch.js';
import { addToSlice } from './slice-moments.js';
import type { SliceValues } from './slice-value.js';
import { CONTROL_RANGES, type Tally } from './tally.js';
import { addWords, type CaptionWords } from './words.js';

/** A column, or two, of which quantiles are told. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly columns: readonly string[];
}

const CHARACTERS: Measured = { name: 'characters', unit: 'code points', columns: ['text'] };
const WORDS: Measured = { name: 'words', unit: 'words', columns: ['text'] };
const SIZES: readonly Measured[] = [
  { name: 'width', unit: 'pixels', columns: ['width'] },
  { name: 'height', unit: 'pixels', columns: ['height'] },
  { name: 'aspect', unit: 'width / height', columns: ['width', 'height'] },
];

/** What is measured of an input with these columns: text length and image size where they are there, and what was asked for. */
export function measuredOf(
  columns: { readonly text: boolean; readonly size: boolean },
  wanted: readonly string[],
): Measured[] {
  return [
    ...(columns.text ? [CHARACTERS, WORDS] : []),
    ...(columns.size ? SIZES : []),
    ...wanted.map((column) => ({ name: column, unit: '', columns: [column] })),
  ];
}

/** [rows] values, NaN where there is none. */
function measure(batch: RecordBatch, { name, columns }: Measured): Float64Array {
  const values = new Float64Array(batch.numRows).fill(Number.NaN);
  if (name === CHARACTERS.name || name === WORDS.name) {
    const { offsets, values: bytes, valid } = utf8Column(batch, columns[0]);
    const count = name === WORDS.name ? countWords : countCharacters;
    for (let i = 0; i < values.length; i++) {
      if (valid === undefined || valid[i] === 1) values[i] = count(bytes, offsets[i], offsets[i + 1]);
    }
    return values;
  }
  const [first, second] = columns.map((column) => numberColumn(batch, column));
  for (let i = 0; i < values.length; i++) {
    const value = numberAt(first, i);
    values[i] = second === undefined ? value : ratio(value, numberAt(second, i));
  }
  return values;
}

function numberAt({ values, valid }: NumberColumn, row: number): number {
  return valid === undefined || valid[row] === 1 ? Number(values[row]) : Number.NaN;
}

function ratio(width: number, height: number): number {
  return width > 0 && height > 0 ? width / height : Number.NaN;
}

/**
 * [rows] weights of a column, rounded to multiples of 2^-30; 0 where null.
 * @throws InputError for a weight below 0, above MAXIMUM_WEIGHT, or not a number
 */
export function weightsOf(batch: RecordBatch, column: string): Float64Array {
  const numbers = numberColumn(batch, column);
  const weights = new Float64Array(batch.numRows);
  for (let i = 0; i < weights.length; i++) {
    if (numbers.valid !== undefined && numbers.valid[i] === 0) continue;
    const weight = Number(numbers.values[i]);
    if (!(weight >= 0 && weight <= MAXIMUM_WEIGHT)) {
      throw new InputError('weight', {
        place: `column ${column}, row ${i} of its batch`,
        expected: `a number from 0 to ${MAXIMUM_WEIGHT}`,
        got: `${weight}`,
      });
    }
    weights[i] = Math.round(weight * UNITS_PER_ONE) * UNIT;
  }
  return weights;
}

/** What is told of a batch beside its tags. */
export interface BatchPlan {
  readonly measured: readonly Measured[];
  readonly slices: readonly SliceValues[];
  /** Column of weights. */
  readonly weights?: string | undefined;
  readonly captionWords: CaptionWords;
  /** Attributes that merge sources. */
  readonly merged: readonly MergedNames[];
}

export interface TaggedBatch {
  readonly batch: RecordBatch;
  readonly tags: Tags;
  /** [rows] drop codes, 0: passed. */
  readonly drop: Uint8Array;
  /** [rows] random numbers in [0, 1); left out where nothing depends on them. */
  readonly random?: Float64Array | undefined;
}

const NO_ROWS = new Uint32Array(0);

function countCodes(drops: Float64Array, drop: Uint8Array): void {
  if (drops.length === 1) drops[0] += drop.length;
  else for (let i = 0; i < drop.length; i++) drops[drop[i]]++;
}

function rowsWhere(drop: Uint8Array, kept: boolean): Uint32Array {
  const rows = new Uint32Array(drop.length);
  let n = 0;
  for (let i = 0; i < drop.length; i++) if ((drop[i] === 0) === kept) rows[n++] = i;
  return rows.subarray(0, n);
}

/** Adds a batch. `exitOfCode` [codes]: position of the filter at which a row with this code left. */
export function addBatch(tally: Tally, plan: BatchPlan, rows: TaggedBatch, exitOfCode: Uint8Array): void {
  const { batch, drop, random } = rows;
  // All but moments counts whole rows.
  const tags = hardened(rows.tags);
  countCodes(tally.drops, drop);
  addCounts(tally.exits, rows.tags, ...exitsOf(tally, rows, exitOfCode));
  addAgreements(tally.agreements, plan.merged, tags);
  if (isCounted(tally, plan, rows)) {
    addCoOccurrences(tally.coOccurrences[1], tags);
    return;
  }
  const kept = rowsWhere(drop, true);
  const left = kept.length === drop.length ? NO_ROWS : rowsWhere(drop, false);
  addCoOccurrences(tally.coOccurrences[0], tags, left);
  addCoOccurrences(tally.coOccurrences[1], tags, kept);
  plan.measured.forEach((measured, i) => {
    const values = measure(batch, measured);
    addAll(tally.dropped[i], values, left);
    addAll(tally.kept[i], values, kept);
  });
  const weights = plan.weights === undefined ? undefined : weightsOf(batch, plan.weights);
  if (weights !== undefined) addWeights(tally, plan.weights!, rows, weights, kept);
  if (random === undefined) return;
  if (tally.examples !== null) addExamples(tally.examples, utf8Column(batch, 'text'), tags, random, kept);
  const levels = Uint8Array.from(random, levelOf);
  if (tally.words !== null && hasColumn(batch, 'text')) {
    addWords(tally.words, plan.captionWords, utf8Column(batch, 'text'), tags, levels, kept);
  }
  const sliced = { tags, levels, drop, weights };
  plan.slices.forEach((slice, i) => {
    slice.begin(batch, tags);
    for (let row = 0; row < drop.length; row++) {
      const found = slice.find(row);
      addToSlice(tally.slicings[i], sliced, row, slice.bytes, slice.start, found ? slice.end : slice.start);
    }
  });
}

/** Whether nothing drops rows, and nothing of them is told but counts. */
function isCounted({ drops }: Tally, { measured, weights }: BatchPlan, { random }: TaggedBatch): boolean {
  return drops.length === 1 && measured.length === 0 && weights === undefined && random === undefined;
}

/** Codes and exits by which moments are counted: where there are weights, rows that passed have a code for each range of their random number. */
function exitsOf({ exits }: Tally, { drop, random }: TaggedBatch, exitOfCode: Uint8Array): [Uint8Array, Uint8Array] {
  const filters = exitOfCode[0];
  if (random === undefined || exits.length === filters + 1) return [drop, exitOfCode];
  const codes = exitOfCode.length;
  const ranged = drop.slice();
  for (let i = 0; i < ranged.length; i++) {
    if (ranged[i] === 0) ranged[i] = codes + Math.floor(random[i] * CONTROL_RANGES);
  }
  return [ranged, Uint8Array.of(...exitOfCode, ...Array.from({ length: CONTROL_RANGES }, (_, r) => filters + r))];
}

function addAll(sketch: Sketch, values: Float64Array, rows: Uint32Array): void {
  for (const row of rows) addValue(sketch, values[row]);
}

function addWeights(
  tally: Tally,
  column: string,
  { batch, tags }: TaggedBatch,
  weights: Float64Array,
  kept: Uint32Array,
): void {
  const units = weights.map((q) => q * UNITS_PER_ONE);
  addWeighted(tally.weighted!, tags, weights, kept);
  addCoOccurrences(tally.coOccurrences[2], hardened(tags), kept, units);
  const { valid } = numberColumn(batch, column);
  for (const row of kept) {
    addValue(tally.weights!, valid === undefined || valid[row] === 1 ? weights[row] : Number.NaN);
  }
}
