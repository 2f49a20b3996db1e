/** The section `models` of the configuration: what gives columns of scores, from embeddings or from images. */
import * as z from 'zod';
import { columnName, path } from './config-values.js';

const MAXIMUM_CLASSES = 1000;
const MAXIMUM_SIDE = 4096;

const className = z.string().min(1).max(200);
const classes = z.union([
  z.array(className).min(1).max(MAXIMUM_CLASSES),
  z
    .strictObject({
      from: z.number().int().describe('The first number'),
      to: z.number().int().describe('The last number'),
    })
    .describe('Classes that are whole numbers, such as years of age'),
]);
const positive = z.number().positive();

const embedding = z
  .union([
    columnName,
    z
      .strictObject({
        file: path.describe(
          'A .npy or .npz file beside each input file: {stem} is its name without ending, {number} the last digits of that',
        ),
        array: z.string().min(1).optional().describe('Of an .npz file: the array, such as l14_img'),
      })
      .describe('A side file for each input file, with a vector for each row, in its order'),
  ])
  .describe('The vectors: a column of lists of numbers, or a side file');

const groups = z
  .record(
    className,
    z.union([z.array(className).min(1), z.strictObject({ from: z.number(), to: z.number().optional() })]),
  )
  .optional()
  .describe('More columns: a name, and the classes whose scores it adds up, as a list or, of numbers, from and to');
const expected = className
  .optional()
  .describe('One more column of this name: the mean of the classes, which are numbers, by their scores');

const ofHead = {
  embedding,
  classes: classes.optional().describe('Names of the vectors, in order; a .json file has them itself'),
  groups,
  expected,
};
const temperature = positive.default(0.01).describe('Similarities are divided by this; CLIP has learnt 0.01');

export const modelSchema = z.union([
  z
    .strictObject({
      prompts: path.describe('Vectors of prompts: .json, .npy or .npz; those of one class are averaged'),
      ...ofHead,
      temperature,
      activation: z
        .enum(['softmax', 'sigmoid'])
        .default('softmax')
        .describe('softmax as in CLIP, sigmoid as in SigLIP'),
      bias: z.number().default(0).describe('Added before the activation: the bias that SigLIP has learnt'),
    })
    .describe('Zero-shot: the cosine of the vector with those of prompts'),
  z
    .strictObject({
      probe: path.describe('Weights [classes, dims] and bias [classes]: .json, .npy (no bias) or .npz'),
      ...ofHead,
      normalise: z.boolean().default(true).describe('Scale each vector to length 1 first'),
      activation: z
        .enum(['none', 'softmax', 'sigmoid'])
        .default('sigmoid')
        .describe('none for a score, such as an aesthetic one'),
    })
    .describe('A linear probe: weights and bias of each class'),
  z
    .strictObject({
      centroids: path.describe('Centroids [n, dims]: .json, .npy or .npz; a class may have several'),
      ...ofHead,
      distance: z.enum(['cosine', 'euclidean']).default('cosine').describe('What near means'),
      temperature,
    })
    .describe('Nearest centroid: the softmax of the nearness of each class; the nearest has the largest score'),
  z
    .strictObject({
      onnx: path.describe('An ONNX model'),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .meta({ title: '64 hexadecimal digits' })
        .describe('Of that file: another one is refused'),
      image: columnName.default('image').describe('The column that holds encoded images'),
      faces: columnName
        .optional()
        .describe('A column of lists of boxes [x0, y0, x1, y1], relative to the image; left out: the whole image'),
      face: z
        .enum(['largest', 'any'])
        .default('largest')
        .describe('Score the largest face, or take of each class the largest score of any face'),
      input: z
        .strictObject({
          name: z.string().min(1).optional().describe('Left out: the only input'),
          layout: z.enum(['nchw', 'nhwc']).default('nchw').describe('Order of the axes'),
          width: z.number().int().min(1).max(MAXIMUM_SIDE),
          height: z.number().int().min(1).max(MAXIMUM_SIDE),
          colours: z.enum(['rgb', 'bgr']).default('rgb').describe('Order of the channels'),
          mean: z
            .union([z.number(), z.array(z.number()).length(3)])
            .default(0)
            .describe('Taken from 0 to 255, for each channel'),
          scale: z
            .union([z.number(), z.array(z.number()).length(3)])
            .default(1 / 255)
            .describe('Times this, for each channel'),
          resize: z
            .enum(['linear', 'cubic', 'lanczos3'])
            .default('lanczos3')
            .describe('The kernel that brings an image, or a face, to width and height'),
        })
        .describe('What the model is fed: (x - mean) * scale'),
      output: z.string().min(1).optional().describe('Left out: the only output'),
      classes: classes.describe('Names of the outputs, in order'),
      activation: z.enum(['none', 'softmax', 'sigmoid']).default('none').describe('none where the model has it'),
      batch: z.number().int().min(1).max(4096).default(64).describe('Images at a time'),
      groups,
      expected,
    })
    .describe('An image classifier; needs the packages onnxruntime-node and sharp'),
]);

export type ModelConfig = z.infer<typeof modelSchema>;
export type OnnxConfig = Extract<ModelConfig, { onnx: string }>;
export type HeadConfig = Exclude<ModelConfig, { onnx: string }>;
export type EmbeddingConfig = HeadConfig['embedding'];

/** The class names that a configuration gives; undefined where the file has them. */
export function classNames(given: ModelConfig['classes']): readonly string[] | undefined {
  if (given === undefined || Array.isArray(given)) return given;
  const { from, to } = given as { from: number; to: number };
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => String(from + i));
}

/** The file of a model's weights. */
export function fileOf(model: ModelConfig): string {
  if ('onnx' in model) return model.onnx;
  if ('prompts' in model) return model.prompts;
  return 'probe' in model ? model.probe : model.centroids;
}
