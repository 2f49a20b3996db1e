/** The generalised Hessian of the dual, E[a a'; 0 < q < Q], over the duals that move and mu: stored, or only applied. */
import type { SymmetricOperator } from './box-newton.js';
import type { DualTask, WorkingSet } from './newton.js';

/**
 * The bias vectors of the groups with some 0 < q < Q, sparse (CSR). The price of a tolerance relative to kappa_k touches every example where
 * k is known: it is kept apart, as columns kappa_1..m after those of the `count` duals, and `spread` [count] is its size.
 */
export interface BiasRows {
  readonly count: number;
  readonly m: number;
  /** [rows + 1] */
  readonly starts: Uint32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
  /** [rows] share of the data with 0 < q < Q. */
  readonly open: Float64Array;
  readonly spread: Float64Array;
  /** [count] column of the dual's kappa. */
  readonly known: Int32Array;
}

export function biasRows({ instance, problem }: DualTask, working: WorkingSet, groupOpen: Float64Array): BiasRows {
  const { m, c, target, tolerance, conditional } = problem;
  const { tags } = instance;
  const width = c + 1;
  const count = working.index.length;
  const column = new Int32Array(m * width).fill(-1);
  const sign = new Float64Array(m * width);
  const own = new Float64Array(m * width);
  const spread = new Float64Array(count);
  const known = new Int32Array(count);
  working.index.forEach((j, i) => {
    column[j] = i;
    sign[j] = working.sign[i];
    const shared = !conditional && j % width > 0;
    own[j] = shared ? 0 : tolerance[j];
    spread[i] = shared ? tolerance[j] : 0;
    known[i] = count + Math.floor(j / width);
  });
  const starts = new Uint32Array(tags.rows + 1);
  const open = new Float64Array(tags.rows);
  const capacity = m * (2 * tags.rows + tags.labels.length);
  const columns = new Int32Array(capacity);
  const values = new Float64Array(capacity);
  let rows = 0;
  let at = 0;
  for (let g = 0; g < tags.rows; g++) {
    if (groupOpen[g] === 0) continue;
    for (let k = 0; k < m; k++) {
      const s = tags.attributes[g * m + k];
      if (s > 1) continue;
      const z = s - target[k];
      const base = k * width;
      if (column[base] >= 0) {
        columns[at] = column[base];
        values[at++] = sign[base] * z - own[base];
      }
      for (let p = tags.offsets[g]; p < tags.offsets[g + 1]; p++) {
        const j = base + 1 + tags.labels[p];
        if (column[j] < 0) continue;
        columns[at] = column[j];
        values[at++] = sign[j] * z - own[j];
      }
      columns[at] = count + k;
      values[at++] = 1;
    }
    open[rows++] = groupOpen[g];
    starts[rows] = at;
  }
  return { count, m, starts: starts.subarray(0, rows + 1), columns, values, open, spread, known };
}

/** The Hessian as a matrix, [count + 1, count + 1], mu last. */
export function denseHessian(bias: BiasRows): SymmetricOperator {
  const { count, m, starts, columns, values, open, spread, known } = bias;
  const n = count + 1;
  const wide = count + m + 1;
  const E = new Float64Array(wide * wide);
  for (let row = 0; row + 1 < starts.length; row++) {
    const end = starts[row + 1];
    for (let a = starts[row]; a < end; a++) {
      const to = columns[a] * wide;
      const scaled = open[row] * values[a];
      for (let b = starts[row]; b < end; b++) E[to + columns[b]] += scaled * values[b];
      E[to + wide - 1] += scaled;
    }
    E[wide * wide - 1] += open[row];
  }
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
  const { count, m, starts, columns, values, open, spread, known } = bias;
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
      sum *= open[row];
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
    diagonal[count] += open[row];
    for (let a = starts[row]; a < starts[row + 1]; a++) {
      const column = columns[a];
      if (column >= count) knownTotal[column] += open[row];
      else {
        diagonal[column] += open[row] * values[a] * values[a];
        crossed[column] += open[row] * values[a];
      }
    }
  }
  for (let i = 0; i < count; i++) diagonal[i] += spread[i] * (spread[i] * knownTotal[known[i]] - 2 * crossed[i]);
  return { n, diagonal, apply };
}
