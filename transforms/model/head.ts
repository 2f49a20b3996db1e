/** Heads on embeddings: zero-shot prompts, a linear probe, centroids. From vectors to scores of classes. */
import { InvariantError } from '../../schemas/errors.js';
import type { HeadConfig } from '../../schemas/models-config.js';
import { activate } from './activate.js';
import type { HeadFile } from './head-file.js';
import { createProducts, type Multiplied, squaredLengths } from './products.js';

/** Scores of some vectors. */
export interface Head {
  /** In the order of the scores. */
  readonly classes: readonly string[];
  readonly dims: number;
  /**
   * Scores [rows, classes] of vectors [rows, dims]; NaN in every class of a row whose vector has a number that is not finite, is so long that a
   * product may be beyond float32 or, where lengths count, has length 0.
   */
  score(vectors: ArrayLike<number>, rows: number): Float32Array;
}

/** No sum within a product of smaller lengths is beyond float32 (Cauchy and Schwarz). */
const LARGEST_PRODUCT = 1e38;

function normalised(vectors: Float64Array, dims: number): Float64Array {
  const lengths = squaredLengths(vectors, dims);
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
    weights: Float64Array,
    logits: (multiplied: Multiplied, rows: number) => Float64Array,
    needsLength: boolean,
    activation: 'none' | 'softmax' | 'sigmoid',
  ): Head => {
    const multiply = createProducts(weights, dims);
    const longest = Math.sqrt(squaredLengths(weights, dims).reduce((a, b) => Math.max(a, b)));
    return {
      classes,
      dims,
      score(vectors, rows) {
        const multiplied = multiply(vectors, rows);
        const scores = activate(logits(multiplied, rows), rows, n, activation);
        for (let row = 0; row < rows; row++) {
          const length = multiplied.squared[row]!;
          const usable = Math.sqrt(length) * longest < LARGEST_PRODUCT && !(needsLength && length === 0);
          if (!usable) scores.fill(Number.NaN, row * n, (row + 1) * n);
        }
        return scores;
      },
    };
  };
  /** Each product times the scale of its row, plus the shift of its class. */
  const scaled = (values: Float64Array, rows: number, scale: (row: number) => number, shift: (j: number) => number) => {
    const width = values.length / Math.max(1, rows);
    const shifts = Float64Array.from({ length: width }, (_, j) => shift(j));
    for (let row = 0, at = 0; row < rows; row++) {
      const own = scale(row);
      for (let j = 0; j < width; j++, at++) values[at] = values[at]! * own + shifts[j]!;
    }
    return values;
  };

  if ('prompts' in config) {
    const { temperature, bias, activation } = config;
    return finish(
      averaged(file, classes),
      ({ products, squared }, rows) =>
        scaled(
          products,
          rows,
          (row) => 1 / (Math.sqrt(squared[row]!) * temperature),
          () => bias,
        ),
      true,
      activation,
    );
  }
  if (names.length !== n && 'probe' in config) throw new InvariantError('a probe with a class twice was let through');
  if ('probe' in config) {
    const { normalise, activation } = config;
    return finish(
      file.vectors,
      ({ products, squared }, rows) =>
        scaled(
          products,
          rows,
          (row) => (normalise ? 1 / Math.sqrt(squared[row]!) : 1),
          (j) => file.bias[j]!,
        ),
      normalise,
      activation,
    );
  }
  const { temperature, distance } = config;
  const classOf = Int32Array.from(names, (name) => classes.indexOf(name));
  if (distance === 'cosine') {
    return finish(
      normalised(file.vectors, dims),
      ({ products, squared }, rows) => {
        const cosines = scaled(
          products,
          rows,
          (row) => 1 / (Math.sqrt(squared[row]!) * temperature),
          () => 0,
        );
        return largestOfClass(cosines, rows, classOf, n);
      },
      true,
      'softmax',
    );
  }
  // As they are multiplied, so that the distance is the one to what is multiplied.
  const centroids = file.vectors.map(Math.fround);
  const own = squaredLengths(centroids, dims);
  return finish(
    centroids,
    ({ products, squared }, rows) => {
      for (let i = 0; i < products.length; i++) {
        const square = squared[Math.floor(i / names.length)]!;
        products[i] = (2 * products[i]! - square - own[i % names.length]!) / temperature;
      }
      return largestOfClass(products, rows, classOf, n);
    },
    false,
    'softmax',
  );
}
