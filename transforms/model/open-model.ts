/** Models of a job, opened where their scores are computed; and what of them is known when a run is planned. */
import { createHash } from 'node:crypto';
import type { RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../../schemas/bytes.js';
import { InputError } from '../../schemas/errors.js';
import { classNames, fileOf, type HeadConfig, type ModelConfig } from '../../schemas/models-config.js';
import { absolutePath, storageFor } from '../../storage/index.js';
import type { PlannedModel } from './columns.js';
import { createHead, type Head } from './head.js';
import { readHeadFile } from './head-file.js';
import type { ImageModel } from './onnx.js';
import { SharedValues } from './shared.js';
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
  /** Says that it is used no more. */
  close(): void;
}

/** A model's file in use, the same for all that score by it in this process. */
type Loaded = { readonly head: Head } | { readonly images: ImageModel };

/** Between the bundles of a worker, and between a plan and its run in one process, a model stays open. Ours. */
const IDLE_MS = 60_000;
const loaded = new SharedValues<Loaded>((model) => ('images' in model ? model.images.close() : undefined), IDLE_MS);

/** A model's file is read whole. Ours. */
const MAXIMUM_MODEL_BYTES = 2 ** 31 - 1;

/** The columns of the input that a model reads. */
export function inputColumns(config: ModelConfig): string[] {
  if ('onnx' in config) return [config.image, ...(config.faces === undefined ? [] : [config.faces])];
  return typeof config.embedding === 'string' ? [config.embedding] : [];
}

interface ModelFile {
  readonly source: ByteSource;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

async function readModelFile(folder: string, config: ModelConfig): Promise<ModelFile> {
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

async function load(config: ModelConfig, { source, bytes }: ModelFile): Promise<Loaded> {
  if (!('onnx' in config)) return { head: createHead(config, await readHeadFile(source, config)) };
  const { openOnnx } = await import('./onnx.js');
  return { images: await openOnnx(config, bytes, source.name) };
}

/** Of one file with one hash and one configuration there is one. */
function keyOf(folder: string, config: ModelConfig, sha256: string): string {
  return JSON.stringify([absolutePath(folder, fileOf(config)), sha256, config]);
}

/**
 * Reads a model's file for what a run must know beforehand.
 * @throws InputError for a file that is absent, is not the declared one, or cannot be used.
 */
export async function planModel(name: string, config: ModelConfig, folder: string): Promise<PlannedModel> {
  const file = await readModelFile(folder, config);
  const { sha256, bytes } = file;
  if ('onnx' in config) requireHash(file.source.name, config.sha256, sha256);
  const { value, release } = await loaded.take(keyOf(folder, config, sha256), () => load(config, file));
  const classes = 'head' in value ? value.head.classes : classNames(config.classes)!;
  release();
  return { name, config, classes, sha256, bytes: bytes.length };
}

/**
 * Opens a model where its scores are computed. Its file is read, checked and opened once in a process, however many ask for it, at once or in turn.
 * @throws InputError where the file is no longer the planned one.
 */
export async function openModel({ config, sha256: planned }: PlannedModel, folder: string): Promise<OpenModel> {
  const { value, release } = await loaded.take(keyOf(folder, config, planned), async () => {
    const file = await readModelFile(folder, config);
    requireHash(file.source.name, planned, file.sha256);
    return load(config, file);
  });
  if ('images' in value) return { columns: inputColumns(config), score: value.images.score, close: release };
  return openHead(config as HeadConfig, value.head, release);
}

/** Heads are shared; the side file that is open is each user's own. */
function openHead(config: HeadConfig, head: Head, close: () => void): OpenModel {
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
    close,
  };
}

/** Why a row has no scores of an embedding. */
const NO_VECTOR = 'no usable vector';
