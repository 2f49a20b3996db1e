import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Bool, Utf8 } from 'apache-arrow';
import { evaluateTags } from '../../pipelines/index.js';
import { ConfigError } from '../../schemas/errors.js';
import { evaluationSchema } from '../../schemas/evaluation.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { needs, sharedPath } from '../shared.js';
import { run } from './command.js';
import { batchOf, saveParquet } from './inputs.js';
import { readJson } from './outputs.js';
import { filesBelow, scratch } from './scratch.js';

/** Caption, what is true of it, language, site, and how often it comes. */
const CASES: readonly [text: string, truth: string | null, language: string, site: string, times: number][] = [
  ['a woman reads a book', 'f', 'en', 'a', 30],
  ['a man reads a book', 'f', 'en', 'b', 10],
  ['a person reads a book', 'f', 'en', 'a', 20],
  ['a man drives a car', 'm', 'en', 'a', 40],
  ['a woman drives a car', 'm', 'de', 'b', 5],
  ['somebody drives a car', 'm', 'de', 'b', 15],
  ['a woman without a truth', null, 'de', 'b', 7],
  ['man', 'm', 'en', 'a', 9],
];
const ROWS = CASES.flatMap((row) => Array.from({ length: row[4] }, () => row));

async function input(folder: string): Promise<string> {
  const path = join(folder, 'labelled.parquet');
  const of = (i: 0 | 1 | 2 | 3) => ({ type: new Utf8(), values: ROWS.map((row) => row[i]) });
  const known = { type: new Bool(), values: ROWS.map(([, truth]) => (truth === null ? null : truth === 'f')) };
  await saveParquet(
    path,
    batchOf([
      ['caption', of(0)],
      ['who', of(1)],
      ['language', of(2)],
      ['site', of(3)],
      ['is_f', known],
    ]),
    32,
  );
  return path;
}

const configOf = (path: string, output: string) => ({
  input: { files: path, columns: { text: 'caption' } },
  filters: [{ words: { minimum: 2 } }],
  attributes: { female: { lexicon: 'gender', value: 'female' } },
  output: { directory: output },
});

test('the command tells precision, recall, coverage, confusion and bias, as a whole and by language and column', async (t) => {
  const folder = scratch(t);
  const output = join(folder, 'out');
  const job = join(folder, 'job.json');
  writeFileSync(job, JSON.stringify(configOf(await input(folder), output)));
  const args = ['evaluate-tags', job, '--truth', 'female=who:f', '--by', 'site', '--quiet'];
  const { code, stdout, stderr } = await run(args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /female: of 120 labelled rows, 7 more without a truth, 70\.8 % \(.*\) are tagged/);
  assert.match(stdout, /^present +30 +10 +20 /m);
  assert.match(stdout, /^absent +5 +40 +15 /m);
  assert.match(stdout, /^female by language/m);
  assert.match(stdout, /136 rows read, 127 counted; not counted: 9 /);
  assert.deepEqual(filesBelow(output), ['evaluation.json', 'manifest.json']);
  const { rows, attributes } = evaluationSchema.parse(readJson(join(output, 'evaluation.json')));
  assert.deepEqual([rows.read, rows.kept, Object.values(rows.dropped)], [136, 127, [9]]);
  const [female] = attributes;
  assert.deepEqual(female!.truth, { column: 'who', value: 'f' });
  assert.deepEqual(female!.confusion, {
    present: { present: 30, absent: 10, unknown: 20 },
    absent: { present: 5, absent: 40, unknown: 15 },
  });
  assert.equal(female!.present.precision.value, 30 / 35);
  assert.equal(female!.present.recall.value, 30 / 60);
  assert.equal(female!.coverage.value, 85 / 120);
  assert.equal(female!.bias.error.value, 10 / 40 - 5 / 45);
  const [language, site] = female!.slicings;
  assert.deepEqual(
    language!.slices.map(({ value, labelled, unlabelled }) => [value, labelled, unlabelled]),
    [
      ['en', 100, 0],
      ['de', 20, 7],
    ],
  );
  assert.equal(language!.slices[1]!.falsePositives.value, 1);
  assert.equal(language!.slices[1]!.toRest.falsePositives.value, 1);
  assert.deepEqual(
    site!.slices.map(({ value, falseNegatives }) => [value, falseNegatives.value]),
    [
      ['a', 0],
      ['b', 1],
    ],
  );
  const again = await run([...args, '--json']);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout.trim().split('\n').at(-1)!).alreadyDone, true);
});

test('a boolean column is a truth too, and gives the same', async (t) => {
  const folder = scratch(t);
  const path = await input(folder);
  const of = async (name: string, truth: { column: string; value?: string }) => {
    const config = parseConfig(configOf(path, join(folder, name)));
    const { report } = await evaluateTags(config, { truth: { female: truth }, by: [] });
    const { truth: _, ...figures } = report.attributes[0]!;
    return figures;
  };
  assert.deepEqual(await of('text', { column: 'who', value: 'f' }), await of('bool', { column: 'is_f' }));
});

describe('a mistake is told before anything is read', () => {
  const refused = (truth: Record<string, { column: string; value?: string }>, message: RegExp) =>
    test(String(message), async (t) => {
      const folder = scratch(t);
      const config = parseConfig(configOf(await input(folder), join(folder, 'out')));
      await assert.rejects(
        evaluateTags(config, { truth, by: [] }),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
      assert.deepEqual(filesBelow(join(folder, 'out')), []);
    });
  refused({ femal: { column: 'who' } }, /attributes female, got femal\. Did you mean female\?/);
  refused({ female: { column: 'whom', value: 'f' } }, /truth_female: no column whom; there are/);
  refused({ female: { column: 'who' } }, /give the value that means present/);
  refused({}, /--truth: expected ATTRIBUTE=COLUMN/);

  test('in the form of --truth', async () => {
    const { code, stderr } = await run(['evaluate-tags', '--truth', 'female', '--truth', 'a=b', '--truth', 'a=c:d']);
    assert.equal(code, 2);
    assert.match(stderr, /--truth: expected ATTRIBUTE=COLUMN or ATTRIBUTE=COLUMN:VALUE, got "female"\./);
    assert.match(stderr, /--truth: expected one truth of a, got two\./);
  });
});

const PORTRAITS = 'data/pairs/portraits.parquet';
const MODEL = 'data/models/gender-v1.onnx';

test(
  'portraits: captions tell almost nobody, the model on the faces is right on 236 of 244',
  needs(PORTRAITS, MODEL),
  async (t) => {
    const sha256 = createHash('sha256')
      .update(readFileSync(sharedPath(MODEL)))
      .digest('hex');
    const gender = {
      onnx: sharedPath(MODEL),
      sha256,
      faces: 'face_bboxes',
      input: { width: 32, height: 32, mean: [122.781998, 117.000999, 104.297997], scale: 1 / 256 },
      classes: ['female', 'male'],
    };
    const config = parseConfig({
      input: { files: sharedPath(PORTRAITS) },
      models: { gender },
      attributes: {
        words: { lexicon: 'gender', value: 'female' },
        face: { column: 'gender.female', threshold: 0.5 },
      },
      output: { directory: join(scratch(t), 'out') },
    });
    const truth = { column: 'gender', value: 'female' };
    const { report } = await evaluateTags(config, { truth: { words: truth, face: truth }, by: ['role'] });
    const [words, face] = report.attributes;
    assert.deepEqual([words!.labelled, words!.shares.truth.value], [246, 67 / 246]);
    assert.ok(words!.coverage.value! < 0.02, 'no caption of a portrait says she, or he, but by a name');
    assert.deepEqual([face!.coverage.value, face!.accuracy.value], [244 / 246, 236 / 244]);
    assert.equal(face!.confusion.present.absent, 1, 'women taken for men');
    assert.equal(face!.confusion.absent.present, 7, 'men taken for women');
    const roles = face!.slicings.find(({ name }) => name === 'role')!.slices;
    assert.deepEqual(
      roles.map(({ value, labelled }) => [value, labelled]),
      [
        ['Representative', 169],
        ['Senator', 77],
      ],
    );
  },
);
