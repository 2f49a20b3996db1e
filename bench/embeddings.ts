/** embeddings: vectors of 768 numbers and 40 prompts, against NumPy's matrix product, and against the same head in NumPy. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { type Entry, medianOf, type Outcome, type Ratio, speedRatio } from './figures.js';
import { cacheFolder, type Options } from './options.js';
import { mulberry32 } from './synth.js';

export const DIMS = 768;
export const PROMPTS = 40;
const ROWS = 16_384;
/** Within 2 times of the matrix product. */
const GOAL = 0.5;

const NAMES = {
  product: ['m4-balance, products', 'NumPy, one matrix product'],
  head: ['m4-balance, zero-shot head', 'NumPy, cosine and softmax'],
} as const;

/** Numbers around 0 as little-endian float32: [ROWS, DIMS], then [PROMPTS, DIMS]. */
function vectorFile(options: Options): string {
  const path = join(cacheFolder(options, 'embeddings'), `vectors-${ROWS}-${DIMS}-${PROMPTS}.f32`);
  const random = mulberry32(1);
  writeFileSync(
    path,
    Float32Array.from({ length: (ROWS + PROMPTS) * DIMS }, () => random() + random() - 1),
  );
  return path;
}

export async function embeddings(options: Options): Promise<Outcome> {
  const file = vectorFile(options);
  const whats = ['product', 'head'] as const;
  const shape = [ROWS, DIMS, PROMPTS].map(String);
  const { entries, absent } = await contest(
    whats.flatMap((what) => [
      () => startNode(NAMES[what][0], 'score-embeddings.js', file, what, ...shape),
      () => startPython(NAMES[what][1], 'embeddings.py', file, what, ...shape),
    ]),
    options.runs,
  );
  const of = (name: string): Entry | undefined => entries.find((entry) => entry.name === name);
  const pairs = whats.flatMap((what) => {
    const [ours, peer] = [of(NAMES[what][0]), of(NAMES[what][1])];
    return ours === undefined || peer === undefined ? [] : [{ what, ours, peer }];
  });
  const ratios = pairs.map(
    ({ what, ours, peer }): Ratio => speedRatio(ours, peer, what === 'product' ? GOAL : undefined),
  );
  const same = pairs.every(({ ours, peer }) => medianOf(ours, 'nearest') === medianOf(peer, 'nearest'));
  return {
    title: `${ROWS} vectors of ${DIMS} float32 in memory, ${PROMPTS} prompts`,
    entries,
    ratios,
    notes: [
      ...absent,
      ...(pairs.length === 0 ? [] : [same ? 'The nearest prompts agree.' : 'NEAREST PROMPTS DIFFER.']),
    ],
  };
}
