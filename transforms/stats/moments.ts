/** The monoid of Moments: empty, add, merge, and what a stage's figures are read from. */

import { ConfigError, InvariantError } from '../../schemas/errors.js';
import {
  addUnits,
  createSums,
  type ExactSums,
  mergeSums,
  sumValue,
  toUnits,
  UNITS_PER_ONE,
} from '../../schemas/exact-sum.js';
import { type Cell, columnOf, EVERY, MAXIMUM_ATTRIBUTES, type Moments } from '../../schemas/moments.js';
import { MAXIMUM_LABELS, NEARER, PRESENT, PROBABILITY, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { attributeCodes, codesOf, rowsByCode, valuesOf } from './attribute-codes.js';

/** Largest weight: those of M4 are at most Q, which is at most 100; others that `stats` is given may be larger. */
export const MAXIMUM_WEIGHT = 2 ** 22;

/**
 * Moments of no example, for m attributes and c labels. Takes no memory until something is added. Throws ConfigError where
 * there are more attributes or labels than MAXIMUM_ATTRIBUTES or MAXIMUM_LABELS.
 */
export function emptyMoments(attributes: number, labels: number): Moments {
  if (attributes > MAXIMUM_ATTRIBUTES || labels > MAXIMUM_LABELS) {
    throw new ConfigError([
      `expected at most ${MAXIMUM_ATTRIBUTES} attributes and ${MAXIMUM_LABELS} labels, got ${attributes} and ${labels}`,
    ]);
  }
  return { attributes, labels, support: null, weighted: null };
}

/** Cells of one row of the tables, 2 m + 1. */
export function widthOf(moments: Moments): number {
  return 2 * moments.attributes + 1;
}

function supportOf(moments: Moments): Float64Array {
  moments.support ??= new Float64Array((moments.labels + 1) * widthOf(moments));
  return moments.support;
}

/** The sums of q, and of q^2, of examples that all have weight 1. */
export function unitSums(support: Float64Array): ExactSums {
  const sums = createSums(support.length);
  for (let i = 0; i < support.length; i++) addUnits(sums, i, support[i] * UNITS_PER_ONE);
  return sums;
}

function weightedOf(moments: Moments): NonNullable<Moments['weighted']> {
  const support = supportOf(moments);
  moments.weighted ??= { weights: unitSums(support), squares: unitSums(support) };
  return moments.weighted;
}

/** Adds the moments of `from` to `into` and returns `into`; `from` stays as it was. Throws InvariantError where m or c differ. */
export function mergeMoments(into: Moments, from: Moments): Moments {
  if (into.attributes !== from.attributes || into.labels !== from.labels) {
    throw new InvariantError(
      `moments: cannot add ${from.attributes} attributes x ${from.labels} labels to ${into.attributes} x ${into.labels}`,
    );
  }
  if (from.support === null) return into;
  if (into.weighted !== null || from.weighted !== null) {
    const { weights, squares } = weightedOf(into);
    const ones = from.weighted === null ? unitSums(from.support) : null;
    mergeSums(weights, from.weighted?.weights ?? ones!);
    mergeSums(squares, from.weighted?.squares ?? ones!);
  }
  const support = supportOf(into);
  for (let i = 0; i < support.length; i++) support[i] += from.support[i];
  return into;
}

function badTags(tags: Tags, row: number, moments: Moments): InvariantError {
  const labels = tags.labels.subarray(tags.offsets[row], tags.offsets[row + 1]);
  return new InvariantError(`moments: row ${row} has labels ${labels.join(' ')}, there are ${moments.labels} labels`);
}

function noStage(drop: Uint8Array, row: number): InvariantError {
  return new InvariantError(`moments: drop code ${drop[row]} of row ${row} has no stage`);
}

/** [rows] codes of the attributes, those of each stage behind those of the one before. */
function stagedCodes(
  stages: number,
  code: Uint16Array,
  codes: number,
  drop: Uint8Array,
  stageOfCode: Uint8Array,
): Uint16Array {
  const staged = stages === 1 ? code : new Uint16Array(code.length);
  for (let i = 0; i < code.length; i++) {
    const stage = stageOfCode[drop[i]];
    if (!(stage < stages)) throw noStage(drop, i);
    if (stages > 1) staged[i] = stage * codes + code[i];
  }
  return staged;
}

/** Codes of the stages and attributes are 16-bit numbers. */
const MAXIMUM_CODES = 2 ** 16;

/** `addCounts` by way of counts [exits, codes of the attributes, c + 1]: one addition a row and label. */
function addByCode(exits: readonly Moments[], tags: Tags, drop: Uint8Array, stageOfCode: Uint8Array): void {
  const { rows } = tags;
  const { attributes: m, labels: c } = exits[0];
  const codes = codesOf(m);
  const blocks = c + 1;
  const counts = new Uint32Array(exits.length * codes * blocks);
  const code = stagedCodes(exits.length, attributeCodes(tags, m), codes, drop, stageOfCode);
  rowsByCode(code, exits.length * codes).forEach((n, each) => {
    counts[each * blocks] = n;
  });
  if (tags.countLabels !== undefined) tags.countLabels(code, blocks, counts);
  else {
    const { offsets, labels } = tags;
    for (let i = 0; i < rows; i++) {
      const base = code[i] * blocks + 1;
      const end = offsets[i + 1];
      for (let j = offsets[i]; j < end; j++) {
        if (labels[j] >= c) throw badTags(tags, i, exits[0]);
        counts[base + labels[j]]++;
      }
    }
  }
  const width = widthOf(exits[0]);
  for (let stage = 0, base = 0; stage < exits.length; stage++) {
    for (let each = 0; each < codes; each++, base += blocks) {
      if (counts[base] === 0) continue;
      const table = supportOf(exits[stage]);
      const columns = [EVERY];
      valuesOf(each, m).forEach((s, k) => {
        if (s < UNKNOWN) columns.push(columnOf(k, s));
      });
      for (let block = 0; block < blocks; block++) {
        const n = counts[base + block];
        for (const column of columns) table[block * width + column] += n;
      }
    }
  }
}

/**
 * Counts every row of a batch once, with weight 1, in the moments of the stage at which it left: `exits[stageOfCode[drop[row]]]`.
 * `drop` [rows] are the filters' codes, 0 for a survivor, which has a stage like any other code. `accumulate` turns exits
 * into stages. All of `exits` have the same m and c, and no weights, unless attributes are soft (see `addWeighted`). Throws InvariantError for a
 * code without a stage or an unknown label.
 */
export function addCounts(exits: readonly Moments[], tags: Tags, drop: Uint8Array, stageOfCode: Uint8Array): void {
  const { rows } = tags;
  if (tags.rounding !== undefined) {
    addSoftCounts(exits, tags, drop, stageOfCode);
    return;
  }
  if (exits.some((e) => e.weighted !== null)) throw new InvariantError('moments: exits have weights, expected counts');
  const m = exits[0].attributes;
  // Where the tables by code are smaller than the batch, filling them is several times faster.
  const codes = exits.length * codesOf(m);
  if (codes <= MAXIMUM_CODES && codes * (exits[0].labels + 1) <= rows) {
    addByCode(exits, tags, drop, stageOfCode);
    return;
  }
  const { attributes, offsets, labels } = tags;
  const width = widthOf(exits[0]);
  const tables: (Float64Array | null)[] = exits.map((e) => e.support);
  const known = new Int32Array(m);
  for (let i = 0, at = 0; i < rows; i++) {
    const stage = stageOfCode[drop[i]];
    let table = tables[stage];
    if (table === null || table === undefined) {
      if (!(stage < exits.length)) throw noStage(drop, i);
      table = supportOf(exits[stage]);
      tables[stage] = table;
    }
    table[EVERY]++;
    let n = 0;
    for (let k = 0; k < m; k++, at++) {
      const s = attributes[at];
      if (s < UNKNOWN) {
        const column = 1 + 2 * k + s;
        table[column]++;
        known[n++] = column;
      }
    }
    const end = offsets[i + 1];
    for (let j = offsets[i]; j < end; j++) {
      const base = (labels[j] + 1) * width;
      if (base >= table.length) throw badTags(tags, i, exits[0]);
      table[base]++;
      for (let x = 0; x < n; x++) table[base + known[x]]++;
    }
  }
}

function addSoftCounts(exits: readonly Moments[], tags: Tags, drop: Uint8Array, stageOfCode: Uint8Array): void {
  const byStage: number[][] = exits.map(() => []);
  for (let row = 0; row < tags.rows; row++) {
    const rows = byStage[stageOfCode[drop[row]]];
    if (rows === undefined) throw noStage(drop, row);
    rows.push(row);
  }
  const ones = new Float64Array(tags.rows).fill(1);
  byStage.forEach((rows, stage) => {
    addWeighted(exits[stage], tags, ones, Uint32Array.from(rows));
  });
}

/**
 * From exits to stages: element i of the result is everything that left at stage i or later, or never. With the exits of
 * filters 0 .. f - 1 and then the survivors: raw, after filter 0, ..., after filter f - 1.
 */
export function accumulate(exits: readonly Moments[]): Moments[] {
  const stages: Moments[] = new Array(exits.length);
  for (let i = exits.length - 1; i >= 0; i--) {
    const stage = mergeMoments(emptyMoments(exits[i].attributes, exits[i].labels), exits[i]);
    stages[i] = i + 1 < exits.length ? mergeMoments(stage, stages[i + 1]) : stage;
  }
  return stages;
}

/**
 * Adds rows of a batch with their weights: `weights` [rows], each a multiple of 2^-30 in [0, 2^22] (weights of M4, copies,
 * 0 or 1), for all rows or those in `indices`, each at most once. Rows of weight 0 add nothing. A soft attribute of probability p adds p q and
 * p q^2 to the sums of PRESENT, the rest to those of ABSENT, as if so much of the row were either; the row counts in the support of the nearer.
 * Throws InvariantError for any other weight, or an unknown label.
 */
export function addWeighted(moments: Moments, tags: Tags, weights: Float64Array, indices?: Uint32Array): void {
  const { attributes, offsets, labels } = tags;
  const m = moments.attributes;
  const width = widthOf(moments);
  const support = supportOf(moments);
  const cells = new Int32Array(m + 1);
  const soft = new Int32Array(m);
  const count = indices === undefined ? tags.rows : indices.length;
  let sums = moments.weighted;
  for (let at = 0; at < count; at++) {
    const i = indices === undefined ? at : indices[at];
    const q = weights[i];
    if (q === 0) continue;
    const units = q * UNITS_PER_ONE;
    if (!(q > 0 && q <= MAXIMUM_WEIGHT && units === Math.floor(units))) {
      throw new InvariantError(`moments: row ${i} has weight ${q}, not a multiple of 2^-30 in [0, ${MAXIMUM_WEIGHT}]`);
    }
    if (q !== 1) sums ??= weightedOf(moments);
    const squareUnits = toUnits(q * q);
    let n = 1;
    let softs = 0;
    for (let k = 0; k < m; k++) {
      const s = attributes[i * m + k];
      if (s < UNKNOWN) cells[n++] = 1 + 2 * k + s;
      else if (s > UNKNOWN) soft[softs++] = k;
    }
    if (softs > 0) sums ??= weightedOf(moments);
    const end = offsets[i + 1];
    const start = offsets[i];
    // start - 1 stands for the row of the tables that is about all examples.
    for (let j = start - 1; j < end; j++) {
      const base = j < start ? EVERY : (labels[j] + 1) * width;
      if (base >= support.length) throw badTags(tags, i, moments);
      for (let x = 0; x < n; x++) support[base + cells[x]]++;
      if (sums === null) continue;
      for (let x = 0; x < n; x++) {
        addUnits(sums.weights, base + cells[x], units);
        addUnits(sums.squares, base + cells[x], squareUnits);
      }
      for (let x = 0; x < softs; x++) {
        const s = attributes[i * m + soft[x]];
        support[base + columnOf(soft[x], NEARER[s])]++;
        addShares(sums.weights, base + columnOf(soft[x], PRESENT), units, PROBABILITY[s]);
        addShares(sums.squares, base + columnOf(soft[x], PRESENT), squareUnits, PROBABILITY[s]);
      }
    }
  }
}

/** Adds the share p of some units to the sum of PRESENT, and what is left of them to that of ABSENT, which is beside it. */
function addShares(sums: ExactSums, present: number, units: number, p: number): void {
  const own = Math.round(units * p);
  addUnits(sums, present, own);
  addUnits(sums, present - 1, units - own);
}

/** Support, weight and squares of one cell: `column` is EVERY or columnOf(k, s), `block` EVERY or 1 + label. */
export function cellOf(moments: Moments, column: number, block: number = EVERY): Cell {
  if (moments.support === null) return { support: 0, weight: 0, squares: 0 };
  const i = block * widthOf(moments) + column;
  const support = moments.support[i];
  if (moments.weighted === null) return { support, weight: support, squares: support };
  const { weights, squares } = moments.weighted;
  return { support, weight: sumValue(weights, i), squares: sumValue(squares, i) };
}
