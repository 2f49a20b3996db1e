/** Image classifiers: any ONNX model with a declared input, on whole images or on faces. */
import type { RecordBatch } from 'apache-arrow';
import type { InferenceSession } from 'onnxruntime-node';
import { InputError } from '../../schemas/errors.js';
import { classNames, type OnnxConfig } from '../../schemas/models-config.js';
import { encodedImages } from '../image/raster.js';
import { activate } from './activate.js';
import { type Box, faceBoxes } from './faces.js';
import { createDecoder, fillTensor, NO_IMAGE, UNDECODABLE } from './images.js';
import { loadOnnxRuntime } from './packages.js';

const NO_FACE = 'no face box';
const CHANNELS = 3;

interface Session {
  readonly session: InferenceSession;
  readonly input: string;
  readonly output: string;
  /** Images that the model takes at a time, where it is fixed. */
  readonly fixed: number | undefined;
}

/** Throws InputError where the model's input or output is not what was declared; ConfigError without onnxruntime-node. */
async function openSession(config: OnnxConfig, bytes: Uint8Array, file: string): Promise<Session> {
  const ort = await loadOnnxRuntime();
  const refuse = (place: string, expected: string, got: string, cause?: unknown) =>
    new InputError('model', { file, place, expected, got }, { cause });
  // One thread, so that the order of sums, and with it the scores, does not depend on the number of cores.
  const options: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  };
  const session = await ort.InferenceSession.create(bytes, options).catch((error) => {
    throw refuse('file', 'an ONNX model', error instanceof Error ? error.message : `${error}`, error);
  });
  const { width, height, layout, name = session.inputNames[0]! } = config.input;
  const { output = session.outputNames[0]! } = config;
  const given = session.inputMetadata.find((m) => m.name === name);
  const made = session.outputMetadata.find((m) => m.name === output);
  if (given === undefined) throw refuse('input', `one of ${session.inputNames.join(', ')}`, name);
  if (made === undefined) throw refuse('output', `one of ${session.outputNames.join(', ')}`, output);
  if (session.inputNames.length !== 1) throw refuse('inputs', 'one', session.inputNames.join(', '));
  const wanted = layout === 'nchw' ? [CHANNELS, height, width] : [height, width, CHANNELS];
  if (!given.isTensor || given.type !== 'float32')
    throw refuse(`input ${name}`, 'float32', given.isTensor ? given.type : 'no tensor');
  const shape = given.shape.slice(1);
  if (shape.length !== wanted.length || shape.some((n, i) => typeof n === 'number' && n > 0 && n !== wanted[i])) {
    throw refuse(`input ${name}`, `[N, ${wanted.join(', ')}], as declared`, `[${given.shape.join(', ')}]`);
  }
  const classes = classNames(config.classes)!.length;
  const last = made.isTensor ? made.shape.at(-1) : undefined;
  if (!made.isTensor || made.type !== 'float32' || (typeof last === 'number' && last > 0 && last !== classes)) {
    throw refuse(
      `output ${output}`,
      `float32 [N, ${classes}], one for each of the classes`,
      made.isTensor ? `${made.type} [${made.shape.join(', ')}]` : 'no tensor',
    );
  }
  const first = given.shape[0];
  return { session, input: name, output, fixed: typeof first === 'number' && first > 0 ? first : undefined };
}

/** A model that is open, for any number of batches at once. */
export interface ImageModel {
  /** As that of OpenModel. */
  score(batch: RecordBatch, place: unknown, without: Map<string, number>): Promise<Float32Array>;
  close(): Promise<void>;
}

/** An image, or a part of one, of a row. */
interface Crop {
  readonly row: number;
  readonly bytes: Uint8Array;
  readonly box: Box | undefined;
}

/**
 * The model, ready for batches. While one batch of images is scored the next one is decoded, and no more than that: of each call at most 2 times
 * `batch` images are in memory as pixels.
 * @throws as `openSession`, and ConfigError without sharp.
 */
export async function openOnnx(config: OnnxConfig, bytes: Uint8Array, file: string): Promise<ImageModel> {
  const { InferenceSession: _, Tensor } = await loadOnnxRuntime();
  const decoder = await createDecoder(config.input);
  const { session, input, output, fixed } = await openSession(config, bytes, file);
  const classes = classNames(config.classes)!.length;
  const size = fixed ?? config.batch;
  const { width, height, layout } = config.input;
  const shape = layout === 'nchw' ? [CHANNELS, height, width] : [height, width, CHANNELS];
  const imageLength = CHANNELS * width * height;

  function cropsOf(batch: RecordBatch, count: (reason: string) => void): Crop[] {
    const images = encodedImages(batch, config.image);
    const faces = config.faces === undefined ? undefined : faceBoxes(batch, config.faces);
    return images.flatMap((encoded, row): Crop[] => {
      if (encoded === null) {
        count(NO_IMAGE);
        return [];
      }
      if (faces === undefined) return [{ row, bytes: encoded, box: undefined }];
      const boxes = faces[row]!;
      if (boxes.length === 0) count(NO_FACE);
      const used = config.face === 'largest' ? boxes.slice(0, 1) : boxes;
      return used.map((box) => ({ row, bytes: encoded, box }));
    });
  }

  /** The scores [images, classes] of pixels. */
  async function run(pixels: readonly Uint8Array[]): Promise<Float32Array> {
    const images = fixed ?? pixels.length;
    const tensor = new Float32Array(images * imageLength);
    pixels.forEach((image, i) => {
      fillTensor(image, config.input, tensor, i);
    });
    const made = await session.run({ [input]: new Tensor('float32', tensor, [images, ...shape]) });
    const data = made[output]!.data as Float32Array;
    if (data.length !== images * classes) {
      throw new InputError('model', {
        file,
        place: `output ${output}`,
        expected: `${classes} numbers an image`,
        got: `${data.length / images}`,
      });
    }
    return activate(data.subarray(0, pixels.length * classes), pixels.length, classes, config.activation);
  }

  return {
    async score(batch, _place, without) {
      const count = (reason: string) => without.set(reason, (without.get(reason) ?? 0) + 1);
      const crops = cropsOf(batch, count);
      const scores = new Float32Array(batch.numRows * classes).fill(Number.NaN);
      const failed = new Set<number>();
      const decode = (from: number) =>
        Promise.all(
          crops
            .slice(from, from + size)
            .map(async (crop) => ({ crop, pixels: await decoder.decode(crop.bytes, crop.box) })),
        );
      let next = decode(0);
      for (let from = 0; from < crops.length; from += size) {
        const decoded = await next;
        next = decode(from + size);
        const usable = decoded.filter((d): d is { crop: Crop; pixels: Uint8Array } => d.pixels !== undefined);
        for (const { crop, pixels } of decoded) if (pixels === undefined) failed.add(crop.row);
        if (usable.length === 0) continue;
        const found = await run(usable.map(({ pixels }) => pixels));
        usable.forEach(({ crop }, i) => {
          takeLargest(scores, crop.row * classes, found, i * classes, classes);
        });
      }
      for (const row of failed) if (Number.isNaN(scores[row * classes]!)) count(UNDECODABLE);
      return scores;
    },
    close: () => session.release(),
  };
}

/** Of each class the larger score; a row without scores takes what comes. */
function takeLargest(into: Float32Array, at: number, from: Float32Array, start: number, classes: number): void {
  for (let j = 0; j < classes; j++) {
    const value = from[start + j]!;
    if (!(into[at + j]! >= value)) into[at + j] = value;
  }
}
