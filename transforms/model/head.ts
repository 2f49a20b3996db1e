/** Heads on embeddings: zero-shot prompts, a linear probe, centroids. From vectors to scores of classes. */
import { InvariantError } from '../../schemas/errors.js';
import type { HeadConfig } from '../../schemas/models-config.js';
import { activate } from './activate.js';
import type { HeadFile } from './head-file.js';
import { products, squaredLengths } from './products.js';

/** Scores of some vectors. */
export interface Head {
  /** In the order of the scores. */
  readonly classes: readonly string[];
  readonly dims: number;
  /**
   * Scores [rows, classes] of vectors [rows, dims]; NaN in every class of a row whose vector has a number that is not finite or, where lengths
   * count, has length 0.
   */
  score(vectors: ArrayLike<number>, rows: number): Float32Array;
}

function normalised(vectors: Float64Array, dims: number): Float64Array {
  const lengths = squaredLengths(vectors, vectors.length / dims, dims);
  return vectors.map((value, i) => value / Math.sqrt(lengths[Math.floor(i / dims)]!));
}

/** One vector a class: the mean of its prompts' directions, as in CLIP (Radford et al. 2021, section 3.1.4). */
function averaged(file: HeadFile, classes: readonly string[]): Float64Array {
  const { dims, names } = file;
  const directions = normalised(file.vectors, dims);
  const sums = new Float64Array(classes.length * dims);
  names.forEach((name, i) => {
    const at = classes.indexOf(name) * dims;
    for (let d = 0; d < dims; d++) sums[at + d]! += directions[i * dims + d]!;
  });
  return normalised(sums, dims);
}

/** The largest of the values of each class, [rows, n] to [rows, classes]. */
function largestOfClass(values: Float64Array, rows: number, classOf: Int32Array, classes: number): Float64Array {
  const out = new Float64Array(rows * classes).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let i = 0; i < classOf.length; i++, at++) {
      const to = row * classes + classOf[i]!;
      if (values[at]! > out[to]!) out[to] = values[at]!;
    }
  }
  return out;
}

/** The head that a configuration describes, with the vectors of its file. */
export function createHead(config: HeadConfig, file: HeadFile): Head {
  const { dims, names } = file;
  const classes = [...new Set(names)];
  const n = classes.length;
  const finish = (
    logits: (vectors: ArrayLike<number>, rows: number, squared: Float64Array) => Float64Array,
    needsLength: boolean,
    activation: 'none' | 'softmax' | 'sigmoid',
  ): Head => ({
    classes,
    dims,
    score(vectors, rows) {
      const squared = squaredLengths(vectors, rows, dims);
      const scores = activate(logits(vectors, rows, squared), rows, n, activation);
      for (let row = 0; row < rows; row++) {
        const length = squared[row]!;
        if (!Number.isFinite(length) || (needsLength && length === 0)) scores.fill(Number.NaN, row * n, (row + 1) * n);
      }
      return scores;
    },
  });

  if ('prompts' in config) {
    const { temperature, bias, activation } = config;
    const weights = averaged(file, classes);
    return finish(
      (vectors, rows, squared) => {
        const values = products(vectors, weights, rows, dims);
        for (let i = 0; i < values.length; i++) {
          values[i] = values[i]! / Math.sqrt(squared[Math.floor(i / n)]!) / temperature + bias;
        }
        return values;
      },
      true,
      activation,
    );
  }
  if (names.length !== n && 'probe' in config) throw new InvariantError('a probe with a class twice was let through');
  if ('probe' in config) {
    const { normalise, activation } = config;
    return finish(
      (vectors, rows, squared) => {
        const values = products(vectors, file.vectors, rows, dims);
        for (let i = 0; i < values.length; i++) {
          const length = normalise ? Math.sqrt(squared[Math.floor(i / n)]!) : 1;
          values[i] = values[i]! / length + file.bias[i % n]!;
        }
        return values;
      },
      normalise,
      activation,
    );
  }
  const { temperature, distance } = config;
  const classOf = Int32Array.from(names, (name) => classes.indexOf(name));
  const cosine = distance === 'cosine';
  const centroids = cosine ? normalised(file.vectors, dims) : file.vectors;
  const own = squaredLengths(centroids, names.length, dims);
  return finish(
    (vectors, rows, squared) => {
      const values = products(vectors, centroids, rows, dims);
      for (let i = 0; i < values.length; i++) {
        const square = squared[Math.floor(i / names.length)]!;
        const near = cosine ? values[i]! / Math.sqrt(square) : 2 * values[i]! - square - own[i % names.length]!;
        values[i] = near / temperature;
      }
      return largestOfClass(values, rows, classOf, n);
    },
    cosine,
    'softmax',
  );
}
