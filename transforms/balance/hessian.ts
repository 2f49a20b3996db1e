/** The generalised Hessian of the dual, E[a a'; 0 < q < Q], over the duals that move and mu: stored, or only applied. */
import { PROBABILITY, UNKNOWN } from '../../schemas/tags.js';
import type { SymmetricOperator } from './box-newton.js';
import type { DualTask, WorkingSet } from './dual-task.js';
import { CHUNK } from './dual-value.js';
import type { Instance } from './instance.js';

/**
 * The bias vectors of the groups with some 0 < q < Q, by columns: the `count` duals that move, kappa_1..m, and 1. The price of a tolerance
 * relative to kappa_k touches every example where k is known: it is kept apart, as those columns kappa, and `spread` [count] is its size.
 */
export interface BiasRows {
  readonly instance: Instance;
  /** [groups] share of the data with 0 < q < Q. */
  readonly open: Float64Array;
  readonly count: number;
  /** [m * (c + 1)] column of a dual; -1 where it stays. */
  readonly column: Int32Array;
  /** [count + m + 1] the attribute of a column. */
  readonly attribute: Int32Array;
  /** [count + m + 1] the label of a column, from 1; 0 where every example carries it. */
  readonly label: Int32Array;
  /** [count + m + 1, 3] what a column holds by the value of its attribute, where its label is carried; see `heldBy`. */
  readonly value: Float64Array;
  readonly spread: Float64Array;
}

export function biasRows({ instance, problem }: DualTask, working: WorkingSet, groupOpen: Float64Array): BiasRows {
  const { m, c, target, tolerance, conditional } = problem;
  const width = c + 1;
  const count = working.index.length;
  const wide = count + m + 1;
  const column = new Int32Array(m * width).fill(-1);
  const attribute = new Int32Array(wide);
  const label = new Int32Array(wide);
  const value = new Float64Array(3 * wide);
  const spread = new Float64Array(count);
  working.index.forEach((j, i) => {
    const k = Math.floor(j / width);
    column[j] = i;
    attribute[i] = k;
    label[i] = j % width;
    const shared = !conditional && label[i] > 0;
    const own = shared ? 0 : tolerance[j];
    spread[i] = shared ? tolerance[j] : 0;
    value[3 * i] = -working.sign[i] * target[k] - own;
    value[3 * i + 1] = working.sign[i] * (1 - target[k]) - own;
  });
  for (let k = 0; k < m; k++) {
    attribute[count + k] = k;
    value.fill(1, 3 * (count + k), 3 * (count + k) + 2);
  }
  value.fill(1, 3 * (wide - 1));
  return { instance, open: groupOpen, count, column, attribute, label, value, spread };
}

/** What a column holds where its label is carried and its attribute is s: linear in a soft s. */
function heldBy(value: Float64Array, column: number, s: number): number {
  const at = 3 * column;
  return s > UNKNOWN ? value[at] + PROBABILITY[s] * (value[at + 1] - value[at]) : value[at + s];
}

/** The bias vectors as sparse rows (CSR), without the column of ones. */
function sparseRows({ instance, open, count, column, value }: BiasRows) {
  const { m, c, tags } = instance;
  const width = c + 1;
  const starts = new Uint32Array(tags.rows + 1);
  const share = new Float64Array(tags.rows);
  const capacity = m * (2 * tags.rows + tags.labels.length);
  const columns = new Int32Array(capacity);
  const values = new Float64Array(capacity);
  let rows = 0;
  let at = 0;
  for (let g = 0; g < tags.rows; g++) {
    if (open[g] === 0) continue;
    for (let k = 0; k < m; k++) {
      const s = tags.attributes[g * m + k];
      if (s === UNKNOWN) continue;
      const own = column[k * width];
      if (own >= 0) {
        columns[at] = own;
        values[at++] = heldBy(value, own, s);
      }
      for (let p = tags.offsets[g]; p < tags.offsets[g + 1]; p++) {
        const j = column[k * width + 1 + tags.labels[p]];
        if (j < 0) continue;
        columns[at] = j;
        values[at++] = heldBy(value, j, s);
      }
      columns[at] = count + k;
      values[at++] = 1;
    }
    share[rows++] = open[g];
    starts[rows] = at;
  }
  return { starts: starts.subarray(0, rows + 1), columns, values, share };
}

/** Sums of pairs of labels are kept while they are at most so many: 64 MiB. */
const MAXIMUM_PAIRS = 2 ** 23;

/** E[b b'] over the open groups, [count + m + 1, count + m + 1]. */
function secondMoments(bias: BiasRows): Float64Array {
  const { instance, attribute, label } = bias;
  const { m, tags, combinations } = instance;
  const wide = attribute.length;
  const count = combinations.length / m;
  const slots = new Set(label).size;
  const perRow = m * (1 + tags.labels.length / tags.rows);
  const few = count * wide * wide <= tags.rows * perRow * perRow && count * slots * slots <= MAXIMUM_PAIRS;
  return few ? momentsByPairs(bias) : momentsByRows(bias);
}

/**
 * Where few combinations of attribute values occur: as a column depends on the labels only by being carried or not, sums by pair of labels
 * are enough for each combination, and a group adds l^2 / 2 of them for its l labels instead of (m l)^2 products.
 */
function momentsByPairs({ instance, open, attribute, label, value }: BiasRows): Float64Array {
  const { m, c, tags, combinations } = instance;
  const wide = attribute.length;
  const slotOf = new Int32Array(c + 1);
  let slots = 1;
  for (const r of [...new Set(label)].sort((a, b) => a - b)) if (r > 0) slotOf[r] = slots++;
  const slot = label.map((r) => slotOf[r]);
  const size = slots * slots;
  const pairs = new Float64Array((combinations.length / m) * size);
  for (let g = 0; g < tags.rows; g += CHUNK)
    addPairs(instance, open, slotOf, slots, pairs, g, Math.min(g + CHUNK, tags.rows));
  const E = new Float64Array(wide * wide);
  const held = new Float64Array(wide);
  for (let base = 0, at = 0; at < combinations.length; at += m, base += size) {
    for (let i = 0; i < wide; i++) held[i] = heldBy(value, i, combinations[at + attribute[i]]);
    for (let i = 0; i < slots; i++)
      for (let j = 0; j < i; j++) pairs[base + j * slots + i] = pairs[base + i * slots + j];
    for (let i = 0; i < wide; i++) {
      if (held[i] === 0) continue;
      addRow(E.subarray(i * wide, (i + 1) * wide), held[i], held, pairs.subarray(base + slot[i] * slots), slot);
    }
  }
  return E;
}

/** Adds the shares of some groups to the sums of their combination, [slots, slots], at the pairs i >= j. */
function addPairs(
  { c, tags, combination }: Instance,
  open: Float64Array,
  slotOf: Int32Array,
  slots: number,
  pairs: Float64Array,
  from: number,
  to: number,
): void {
  const { offsets, labels } = tags;
  const carried = new Int32Array(c + 1);
  for (let g = from; g < to; g++) {
    const share = open[g];
    if (share === 0) continue;
    const base = combination[g] * slots * slots;
    let last = 0;
    pairs[base] += share;
    for (let p = offsets[g]; p < offsets[g + 1]; p++) {
      const own = slotOf[1 + labels[p]];
      if (own === 0) continue;
      carried[++last] = own;
      const row = base + own * slots;
      for (let other = 0; other <= last; other++) pairs[row + carried[other]] += share;
    }
  }
}

function addRow(to: Float64Array, factor: number, held: Float64Array, pairs: Float64Array, slot: Int32Array): void {
  for (let j = 0; j < to.length; j++) to[j] += factor * held[j] * pairs[slot[j]];
}

function momentsByRows(bias: BiasRows): Float64Array {
  const { starts, columns, values, share } = sparseRows(bias);
  const wide = bias.attribute.length;
  const E = new Float64Array(wide * wide);
  for (let row = 0; row + 1 < starts.length; row++) {
    const end = starts[row + 1];
    for (let a = starts[row]; a < end; a++) {
      const to = columns[a] * wide;
      const scaled = share[row] * values[a];
      for (let b = starts[row]; b < end; b++) E[to + columns[b]] += scaled * values[b];
      E[to + wide - 1] += scaled;
    }
    E[wide * wide - 1] += share[row];
  }
  return E;
}

/** The Hessian as a matrix, [count + 1, count + 1], mu last. */
export function denseHessian(bias: BiasRows): SymmetricOperator {
  const { count, attribute, spread } = bias;
  const n = count + 1;
  const wide = attribute.length;
  const E = secondMoments(bias);
  const known = attribute.map((k) => count + k);
  const H = new Float64Array(n * n);
  for (let i = 0; i < count; i++) {
    const row = i * wide;
    const rowKnown = known[i] * wide;
    for (let j = 0; j < count; j++)
      H[i * n + j] =
        E[row + j] -
        spread[i] * E[rowKnown + j] -
        spread[j] * E[row + known[j]] +
        spread[i] * spread[j] * E[rowKnown + known[j]];
    H[i * n + count] = H[count * n + i] = E[row + wide - 1] - spread[i] * E[rowKnown + wide - 1];
  }
  H[n * n - 1] = E[wide * wide - 1];
  const diagonal = Float64Array.from({ length: n }, (_, i) => H[i * n + i]);
  const apply = (x: Float64Array, out: Float64Array) => {
    out.fill(0);
    for (let i = 0; i < n; i++) {
      if (x[i] === 0) continue;
      const row = i * n;
      for (let j = 0; j < n; j++) out[j] += H[row + j] * x[i];
    }
  };
  return { n, diagonal, matrix: H, apply };
}

/** The Hessian as products with vectors, for more duals than a matrix could hold. */
export function hessianOperator(bias: BiasRows): SymmetricOperator {
  const { count, attribute, spread } = bias;
  const { m } = bias.instance;
  const { starts, columns, values, share } = sparseRows(bias);
  const known = attribute.map((k) => count + k);
  const n = count + 1;
  const wide = new Float64Array(count + m);
  const result = new Float64Array(count + m);
  const rows = starts.length - 1;
  const apply = (x: Float64Array, out: Float64Array) => {
    wide.fill(0);
    result.fill(0);
    for (let i = 0; i < count; i++) {
      wide[i] = x[i];
      wide[known[i]] -= spread[i] * x[i];
    }
    let mean = 0;
    for (let row = 0; row < rows; row++) {
      let sum = x[count];
      for (let a = starts[row]; a < starts[row + 1]; a++) sum += values[a] * wide[columns[a]];
      sum *= share[row];
      mean += sum;
      for (let a = starts[row]; a < starts[row + 1]; a++) result[columns[a]] += sum * values[a];
    }
    for (let i = 0; i < count; i++) out[i] = result[i] - spread[i] * result[known[i]];
    out[count] = mean;
  };
  const diagonal = new Float64Array(n);
  const crossed = new Float64Array(count);
  const knownTotal = new Float64Array(count + m);
  for (let row = 0; row < rows; row++) {
    diagonal[count] += share[row];
    for (let a = starts[row]; a < starts[row + 1]; a++) {
      const column = columns[a];
      if (column >= count) knownTotal[column] += share[row];
      else {
        diagonal[column] += share[row] * values[a] * values[a];
        crossed[column] += share[row] * values[a];
      }
    }
  }
  for (let i = 0; i < count; i++) diagonal[i] += spread[i] * (spread[i] * knownTotal[known[i]] - 2 * crossed[i]);
  return { n, diagonal, apply };
}
