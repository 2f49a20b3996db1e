/** Files with the vectors of a head: JSON, NPY or NPZ. */
import * as z from 'zod';
import { findInNpz, openNpy, openNpz, type VectorArray } from '../../formats/index.js';
import type { ByteSource } from '../../schemas/bytes.js';
import { InputError } from '../../schemas/errors.js';
import { classNames, type HeadConfig } from '../../schemas/models-config.js';
import { halfOf } from '../tag/half.js';

export interface HeadFile {
  readonly dims: number;
  /** [n] the class of each vector. */
  readonly names: readonly string[];
  /** [n, dims] */
  readonly vectors: Float64Array;
  /** [n], 0 where the file has none. */
  readonly bias: Float64Array;
}

/** 1,000 classes of 4,096 numbers as JSON text have less. Ours. */
const MAXIMUM_BYTES = 2 ** 27;

const jsonSchema = z.strictObject({
  classes: z.array(z.string().min(1)).min(1),
  weights: z.array(z.array(z.number()).min(1)).min(1),
  bias: z.array(z.number()).optional(),
});

async function wholeArray(array: VectorArray): Promise<Float64Array> {
  const values = await array.read(0, array.rows);
  return values instanceof Uint16Array ? Float64Array.from(halfOf(values)) : Float64Array.from(values);
}

/**
 * The vectors of a head: `{"classes": […], "weights": [[…], …], "bias": […]}`, an NPY array [n, dims], or an NPZ file with the arrays `weights` and,
 * perhaps, `bias`; NumPy's files take their classes from the configuration.
 * @throws InputError for a file that is too large, of another form, or whose numbers do not go together.
 */
export async function readHeadFile(source: ByteSource, config: HeadConfig): Promise<HeadFile> {
  const refuse = (expected: string, got: string, cause?: unknown) =>
    new InputError('weights', { file: source.name, expected, got }, { cause });
  if (source.bytes > MAXIMUM_BYTES) throw refuse(`at most ${MAXIMUM_BYTES} bytes`, `${source.bytes}`);
  const given = classNames(config.classes);
  let names: readonly string[];
  let vectors: Float64Array;
  let dims: number;
  let bias: Float64Array | undefined;
  if (/\.json$/i.test(source.name)) {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await source.read(0, source.bytes)));
    } catch (error) {
      throw refuse('JSON', error instanceof Error ? error.message : `${error}`, error);
    }
    const parsed = jsonSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw refuse('an object with classes, weights and, perhaps, bias', `${issue?.path.join('.')}: ${issue?.message}`);
    }
    const { classes, weights } = parsed.data;
    dims = weights[0]!.length;
    const odd = weights.findIndex((row) => row.length !== dims);
    if (odd >= 0) throw refuse(`${dims} weights a class, as in the first`, `${weights[odd]!.length} in number ${odd}`);
    names = given ?? classes;
    vectors = Float64Array.from(weights.flat());
    bias = parsed.data.bias && Float64Array.from(parsed.data.bias);
  } else {
    if (given === undefined) throw refuse('classes in the configuration, as NumPy files have none', 'nothing');
    const npz = /\.npz$/i.test(source.name);
    const array = npz ? await openNpz(source, 'weights') : await openNpy(source);
    ({ dims } = array);
    vectors = await wholeArray(array);
    names = given;
    const biasArray = npz ? await findInNpz(source, 'bias') : undefined;
    bias = biasArray && (await wholeArray(biasArray));
  }
  const n = vectors.length / dims;
  if (names.length !== n) throw refuse(`${names.length} vectors, one for each of the classes`, `${n}`);
  if (bias !== undefined && bias.length !== n) throw refuse(`${n} numbers of bias`, `${bias.length}`);
  if (!vectors.every(Number.isFinite) || bias?.every(Number.isFinite) === false)
    throw refuse('finite numbers', 'others');
  if ('probe' in config && new Set(names).size !== n) throw refuse('each class once', names.join(', ').slice(0, 200));
  return { dims, names, vectors, bias: bias ?? new Float64Array(n) };
}
