/** Contestants: a gender model on the largest face of photographs in memory, by ours and by its packages alone. Arguments: ours|alone IMAGES.parquet MODEL.onnx. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { modelSchema, type OnnxConfig } from '../schemas/models-config.js';
import { encodedImages } from '../transforms/image/raster.js';
import { faceBoxes } from '../transforms/model/faces.js';
import { openModel } from '../transforms/model/open-model.js';
import { inMemory } from './in-memory.js';
import { serve, timed } from './serve.js';

const [who, images, file] = process.argv.slice(2) as [string, string, string];
const SIDE = 32;
const MEAN = [122.781998, 117.000999, 104.297997] as const;
const SCALE = 1 / 256;
const BATCH = 64;
const CLASSES = ['female', 'male'];

const { batches } = await inMemory(images, ['image', 'face_bboxes']);
const bytes = readFileSync(file);

type Classify = () => Promise<Float32Array[]>;

async function ours(): Promise<Classify> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const config = modelSchema.parse({
    onnx: file,
    sha256,
    faces: 'face_bboxes',
    input: { width: SIDE, height: SIDE, mean: [...MEAN], scale: SCALE },
    classes: CLASSES,
    batch: BATCH,
  }) as OnnxConfig;
  const model = await openModel({ name: 'gender', config, classes: CLASSES, sha256, bytes: bytes.length }, '.');
  const place = { folder: '.', file: images, fileRows: 0, row: 0 };
  return async () => {
    const scores: Float32Array[] = [];
    for (const batch of batches) scores.push(await model.score(batch, place, new Map()));
    return scores;
  };
}

/** The shortest code that does it, as fast as we could write it: a batch is decoded while the one before it is scored. */
async function alone(): Promise<Classify> {
  const { default: sharp } = await import('sharp');
  const { default: ort } = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const faces = batches.flatMap((batch) => {
    const boxes = faceBoxes(batch, 'face_bboxes');
    return encodedImages(batch, 'image').flatMap((image, row) =>
      boxes[row]![0] ? [{ image: image!, box: boxes[row]![0] }] : [],
    );
  });
  const decode = (from: number) =>
    Promise.all(
      faces.slice(from, from + BATCH).map(async ({ image, box }) => {
        const opened = sharp(image);
        const { width, height } = await opened.metadata();
        const left = Math.floor(box.x0 * width);
        const top = Math.floor(box.y0 * height);
        return opened
          .extract({ left, top, width: Math.ceil(box.x1 * width) - left, height: Math.ceil(box.y1 * height) - top })
          .resize(SIDE, SIDE, { fit: 'fill' })
          .toColourspace('srgb')
          .removeAlpha()
          .raw()
          .toBuffer();
      }),
    );
  return async () => {
    const scores: Float32Array[] = [];
    let next = decode(0);
    for (let from = 0; from < faces.length; from += BATCH) {
      const pixels = await next;
      next = decode(from + BATCH);
      const area = SIDE * SIDE;
      const tensor = new Float32Array(pixels.length * 3 * area);
      pixels.forEach((image, k) => {
        for (let c = 0; c < 3; c++)
          for (let i = 0; i < area; i++) tensor[(k * 3 + c) * area + i] = (image[i * 3 + c]! - MEAN[c]!) * SCALE;
      });
      const input = new ort.Tensor('float32', tensor, [pixels.length, 3, SIDE, SIDE]);
      const made = await session.run({ [session.inputNames[0]!]: input });
      scores.push(made[session.outputNames[0]!]!.data as Float32Array);
    }
    return scores;
  };
}

const classify = await (who === 'ours' ? ours() : alone());
await serve(async () => {
  const { seconds, result } = await timed(classify);
  let scored = 0;
  let female = 0;
  for (const scores of result) {
    for (let i = 0; i < scores.length; i += CLASSES.length) {
      if (Number.isNaN(scores[i]!)) continue;
      scored++;
      if (scores[i]! >= 0.5) female++;
    }
  }
  return { seconds, images_per_second: scored / seconds, scored, female };
});
