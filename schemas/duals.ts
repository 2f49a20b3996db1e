/** What a fit ends with and the next one starts from: duals.json. */
import * as z from 'zod';
import { InputError } from './errors.js';
import type { TagNames } from './tags.js';

export const DUALS_VERSION = 1;

const count = z.number().int().min(0);

export const dualsSchema = z
  .strictObject({
    version: z.literal(DUALS_VERSION),
    attributes: z.array(z.string()).min(1),
    labels: z.array(z.string()),
    w: z.array(z.number()).describe('v+ - v-, [attributes, labels + 1]: the attribute itself, then each label'),
    mu: z.number().describe('the dual of E[q] = rate'),
    rate: z.number().positive(),
    utilityMean: z.number().positive().describe('Raw utilities are divided by it'),
    steps: count.describe('Examples the fit has seen'),
    fit: z.enum(['exact', 'thinned', 'stream', 'online']),
    configHash: z.string().optional(),
    gap: z.number().min(0).optional().describe('Relative duality gap'),
  })
  .refine((duals) => duals.w.length === duals.attributes.length * (duals.labels.length + 1), {
    message: 'w: expected attributes * (labels + 1) numbers',
  });

/** duals.json with w as Float64Array [m * (c + 1)]: index k * (c + 1) is attribute k, k * (c + 1) + r its association with label r - 1. */
export type Duals = Readonly<Omit<z.infer<typeof dualsSchema>, 'w'>> & { readonly w: Float64Array };

/** JSON text of duals; `decodeDuals` gives back the same bits (-0 is written as 0). */
export function encodeDuals(duals: Duals): string {
  return `${JSON.stringify({ ...duals, w: Array.from(duals.w, (value) => value + 0), mu: duals.mu + 0 }, null, 1)}\n`;
}

/** The duals of JSON text. Throws an InputError, naming `file`, for text that is not duals. */
export function decodeDuals(text: string, file?: string): Duals {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError('Duals', { file, expected: 'JSON', got: 'other text' }, { cause });
  }
  const parsed = dualsSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError('Duals', {
      file,
      place: issue.path.join('.'),
      expected: 'duals.json of an earlier run',
      got: issue.message,
    });
  }
  return { ...parsed.data, w: Float64Array.from(parsed.data.w) };
}

/** A start for the names of today, by attribute and label name: w [m * (c + 1)], 0 where the earlier run had no such name. */
export function warmStart(duals: Duals, names: TagNames): { w: Float64Array; mu: number } {
  const oldWidth = duals.labels.length + 1;
  const width = names.labels.length + 1;
  const attribute = new Map(duals.attributes.map((name, k) => [name, k]));
  const label = new Map(duals.labels.map((name, r) => [name, r]));
  const w = new Float64Array(names.attributes.length * width);
  names.attributes.forEach((name, k) => {
    const from = attribute.get(name);
    if (from === undefined) return;
    w[k * width] = duals.w[from * oldWidth];
    names.labels.forEach((labelName, r) => {
      const other = label.get(labelName);
      if (other !== undefined) w[k * width + 1 + r] = duals.w[from * oldWidth + 1 + other];
    });
  });
  return { w, mu: duals.mu };
}
