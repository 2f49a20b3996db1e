/** Models of a job, opened where their scores are computed; and what of them is known when a run is planned. */
import { createHash } from 'node:crypto';
import type { RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../../schemas/bytes.js';
import { InputError } from '../../schemas/errors.js';
import { classNames, fileOf, type HeadConfig, type ModelConfig } from '../../schemas/models-config.js';
import { absolutePath, storageFor } from '../../storage/index.js';
import type { PlannedModel } from './columns.js';
import { createHead } from './head.js';
import { readHeadFile } from './head-file.js';
import { numbersAt, openSideFile } from './side-file.js';
import { vectorsOf } from './vectors.js';

/** Where a batch lies in its file. */
export interface BatchPlace {
  readonly folder: string;
  readonly file: string;
  /** Rows of the whole file. */
  readonly fileRows: number;
  /** Of the batch's first row in its file. */
  readonly row: number;
}

export interface OpenModel {
  /** Input columns that it reads. */
  readonly columns: readonly string[];
  /** Scores [rows, classes]; NaN in each class of a row that has none, which is counted by reason. */
  score(batch: RecordBatch, place: BatchPlace, without: Map<string, number>): Promise<Float32Array>;
  close?(): Promise<void>;
}

/** A model's file is read whole. Ours. */
const MAXIMUM_MODEL_BYTES = 2 ** 31 - 1;

/** The columns of the input that a model reads. */
export function inputColumns(config: ModelConfig): string[] {
  if ('onnx' in config) return [config.image, ...(config.faces === undefined ? [] : [config.faces])];
  return typeof config.embedding === 'string' ? [config.embedding] : [];
}

async function readModelFile(
  folder: string,
  config: ModelConfig,
): Promise<{ source: ByteSource; sha256: string; bytes: Uint8Array }> {
  const path = absolutePath(folder, fileOf(config));
  const source = await storageFor(path).open(path);
  if (source.bytes > MAXIMUM_MODEL_BYTES) {
    throw new InputError('model', {
      file: path,
      expected: `at most ${MAXIMUM_MODEL_BYTES} bytes`,
      got: `${source.bytes}`,
    });
  }
  const bytes = await source.read(0, source.bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    source: { name: path, bytes: bytes.length, read: async (start, end) => bytes.subarray(start, end) },
    sha256,
    bytes,
  };
}

function requireHash(file: string, expected: string, got: string): void {
  if (expected !== got) throw new InputError('model', { file, expected: `sha256 ${expected}`, got });
}

/**
 * Reads a model's file for what a run must know beforehand.
 * @throws InputError for a file that is absent, is not the declared one, or cannot be used.
 */
export async function planModel(name: string, config: ModelConfig, folder: string): Promise<PlannedModel> {
  const { source, sha256, bytes } = await readModelFile(folder, config);
  if ('onnx' in config) {
    requireHash(source.name, config.sha256, sha256);
    const { checkOnnx } = await import('./onnx.js');
    await checkOnnx(config, bytes, source.name);
    return { name, config, classes: classNames(config.classes)!, sha256, bytes: bytes.length };
  }
  const file = await readHeadFile(source, config);
  return { name, config, classes: [...new Set(file.names)], sha256, bytes: bytes.length };
}

/** Opens a model on a worker. Throws InputError where its file is no longer the planned one. */
export async function openModel({ config, sha256: planned }: PlannedModel, folder: string): Promise<OpenModel> {
  const { source, sha256, bytes } = await readModelFile(folder, config);
  requireHash(source.name, planned, sha256);
  if ('onnx' in config) {
    const { openOnnx } = await import('./onnx.js');
    return openOnnx(config, bytes, source.name);
  }
  return openHead(config, source);
}

async function openHead(config: HeadConfig, source: ByteSource): Promise<OpenModel> {
  const head = createHead(config, await readHeadFile(source, config));
  const { dims, classes } = head;
  const { embedding } = config;
  let side: { readonly file: string; readonly array: Awaited<ReturnType<typeof openSideFile>> } | undefined;

  async function numbersOf(
    batch: RecordBatch,
    { folder, file, fileRows, row }: BatchPlace,
  ): Promise<ArrayLike<number>> {
    if (typeof embedding === 'string') return vectorsOf(batch, embedding, dims).values;
    if (side?.file !== file)
      side = { file, array: await openSideFile(embedding, folder, file, { rows: fileRows, dims }) };
    return numbersAt(side.array, row, row + batch.numRows);
  }

  return {
    columns: inputColumns(config),
    async score(batch, place, without) {
      const scores = head.score(await numbersOf(batch, place), batch.numRows);
      let missing = 0;
      for (let i = 0; i < scores.length; i += classes.length) if (Number.isNaN(scores[i]!)) missing++;
      if (missing > 0) without.set(NO_VECTOR, (without.get(NO_VECTOR) ?? 0) + missing);
      return scores;
    },
  };
}

/** Why a row has no scores of an embedding. */
const NO_VECTOR = 'no usable vector';
