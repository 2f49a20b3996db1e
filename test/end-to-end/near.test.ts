/** Near duplicates of captions and equal images, through the whole job: the same rows however the input is cut. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Binary, type RecordBatch, Utf8 } from 'apache-arrow';
import { planBalance, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { slowNearest } from '../transforms/filter/slow-near.js';
import { batchOf, saveParquet } from './inputs.js';
import { readOutput, readWeights } from './outputs.js';
import { filesBelow, scratch } from './scratch.js';

const ROWS = 900;
const every = <T>(value: (i: number) => T): T[] => Array.from({ length: ROWS }, (_, i) => value(i));
const NOUNS = ['bicycle', 'bench', 'horse', 'bowl', 'train', 'kite', 'laptop'];
const PLACES = ['in the park', 'near a lake', 'on the street', 'at home', 'under a bridge'];
/** Every third caption repeats an earlier one, in capitals, with one word more, or with another at its end. */
const text = every((i) => {
  const of = i % 3 === 2 ? Math.floor(i / 2) - (Math.floor(i / 2) % 3) : i;
  const who = of % 2 === 0 ? 'woman' : 'man';
  const caption = `a ${who} who is a ${of % 4 === 0 ? 'nurse' : 'pilot'} with ${of} pictures of a ${NOUNS[of % 7]} number ${of} ${PLACES[of % 5]}`;
  return i % 31 === 0
    ? null
    : i % 3 !== 2
      ? caption
      : [caption.toUpperCase(), `${caption} today`, `${caption}s and much more to say`][(i % 9) >> 1 > 2 ? 2 : i % 2]!;
});
const image = every((i) => (i % 50 === 7 ? null : Buffer.from(`image ${i % 400}`)));
const batch = batchOf([
  ['id', { type: new Utf8(), values: every((i) => `${i}`) }],
  ['text', { type: new Utf8(), values: text }],
  ['image', { type: new Binary(), values: image }],
]);
const NEAR = { similarity: 0.8, shingle: 3 };

async function reasons(folder: string, name: string, save: (input: string) => Promise<unknown>) {
  const input = join(folder, `${name}-in`);
  mkdirSync(input);
  await save(input);
  const config = parseConfig({
    input: { files: input },
    filters: [{ unique: { column: 'image' } }, { near: NEAR }],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.5 },
    output: { directory: join(folder, name), formats: ['parquet'] },
  });
  const { passes } = await planBalance(config);
  assert.match(passes[1]!.why, /near duplicates of text is known only/);
  await runBalance(config);
  assert.ok(!filesBelow(folder).some((path) => path.includes('ids-')), 'nothing that was spilled is left');
  const output = readOutput(join(folder, name));
  return {
    reasons: (await readWeights(output.weights)).map(({ reason }) => reason),
    dropped: output.report.rows.dropped,
  };
}

const cuts: Record<string, (input: string) => Promise<unknown>> = {
  'one row group': (input) => saveParquet(join(input, 'a.parquet'), batch),
  'row groups of 37': (input) => saveParquet(join(input, 'a.parquet'), batch, 37),
  'three files': (input) =>
    Promise.all(
      [0, 1, 2].map((i) =>
        saveParquet(join(input, `${i}.parquet`), batch.slice(i * 300, (i + 1) * 300) as RecordBatch, 111),
      ),
    ),
};

test('equal images, then near captions: the first rows are kept, as of every pair, however the input is cut', async (t) => {
  const folder = scratch(t);
  const seen = new Set<string>();
  const unique = image.map((bytes) => bytes !== null && !seen.has(`${bytes}`) && seen.add(`${bytes}`) !== undefined);
  const nearest = slowNearest(
    text.map((caption, i) => (unique[i] ? caption : null)),
    NEAR.shingle,
  );
  const expected = every((i) => {
    if (image[i] === null) return 'unique image: null';
    if (!unique[i]) return 'unique image: duplicate';
    if (text[i] === null) return 'near: null';
    return nearest[i]! >= NEAR.similarity ? 'near: duplicate' : undefined;
  });
  const near = expected.filter((reason) => reason === 'near: duplicate').length;
  assert.ok(near > 50, `${near}`);
  for (const [name, save] of Object.entries(cuts)) {
    const { reasons: found, dropped } = await reasons(folder, name, save);
    const differing = found.flatMap((reason, i) => {
      const filtered = reason === null || reason === 'weight 0' || reason === 'sampled out' ? undefined : reason;
      return filtered === expected[i] ? [] : [`row ${i}: ${filtered}, expected ${expected[i]}, ${nearest[i]}`];
    });
    assert.deepEqual(differing, [], name);
    assert.equal(dropped['near: duplicate'], near);
  }
});
