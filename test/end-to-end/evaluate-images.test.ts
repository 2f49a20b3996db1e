/**
 * The English word list of perceived gender on the COCO captions, against what others wrote of the same image. Truth of a caption: of the
 * four other captions of its image at least two name women and none men, or the other way, by another list of words (gn_glove) that is
 * looked for word by word.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Utf8 } from 'apache-arrow';
import { evaluateTags } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { needs, sharedPath } from '../shared.js';
import { batchOf, saveParquet } from './inputs.js';
import { readParquetFile } from './outputs.js';
import { scratch } from './scratch.js';

const CAPTIONS = 'data/pairs/coco_val2017_captions.parquet';
const WORDS = 'data/lexicons/gender_words.tsv';

/** What a caption names, by the other list: 'f', 'm', both as 'fm', or ''. */
function namesOf(text: string, genders: ReadonlyMap<string, string>): string {
  const named = new Set(
    text
      .toLowerCase()
      .match(/\p{L}+/gu)
      ?.map((word) => genders.get(word) ?? ''),
  );
  return (named.has('female') ? 'f' : '') + (named.has('male') ? 'm' : '');
}

/** By the captions of the same image but the one itself. */
function truths(images: readonly string[], named: readonly string[]): (string | null)[] {
  const rows = new Map<string, number[]>();
  for (const [row, image] of images.entries()) rows.set(image, [...(rows.get(image) ?? []), row]);
  return images.map((image, row) => {
    const others = rows.get(image)!.filter((other) => other !== row);
    const f = others.filter((other) => named[other]!.includes('f')).length;
    const m = others.filter((other) => named[other]!.includes('m')).length;
    return f >= 2 && m === 0 ? 'female' : m >= 2 && f === 0 ? 'male' : null;
  });
}

test(
  'COCO: where a caption tells women from men, the other captions of the image bear it out',
  needs(CAPTIONS, WORDS),
  async (t) => {
    const { names, rows } = await readParquetFile(sharedPath(CAPTIONS));
    const strings = (name: string) => rows.map((row) => String(row[names.indexOf(name)]));
    const texts = strings('text');
    const genders = new Map(
      readFileSync(sharedPath(WORDS), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.split('\t') as [string, string]),
    );
    const truth = truths(
      strings('image_id'),
      texts.map((text) => namesOf(text, genders)),
    );
    const folder = scratch(t);
    const path = join(folder, 'captions.parquet');
    await saveParquet(
      path,
      batchOf([
        ['text', { type: new Utf8(), values: texts }],
        ['others', { type: new Utf8(), values: truth }],
      ]),
    );
    const config = parseConfig({
      input: { files: path },
      attributes: { female: { lexicon: 'gender', value: 'female' } },
      output: { directory: join(folder, 'out') },
    });
    const { report } = await evaluateTags(config, { truth: { female: { column: 'others', value: 'female' } }, by: [] });
    const [female] = report.attributes;
    const { confusion, coverage, accuracy, bias, falseNegatives, falsePositives, shares } = female!;
    t.diagnostic(JSON.stringify({ confusion, coverage, accuracy, bias, falseNegatives, falsePositives, shares }));
    assert.equal(female!.labelled, truth.filter((value) => value !== null).length);
    assert.equal(shares.truth.value, truth.filter((value) => value === 'female').length / female!.labelled);
    assert.ok(
      female!.labelled > 6000 && Math.abs(shares.truth.value! - 0.31) < 0.02,
      'the images are as they are known',
    );
    assert.ok(coverage.value! > 0.71, `${coverage.value}: others say man or woman where one says person, in a quarter`);
    assert.ok(accuracy.value! > 0.985, `${accuracy.value}`);
    assert.ok(female!.present.precision.value! > 0.98 && female!.absent.precision.value! > 0.985);
    assert.ok(bias.error.value! < 0.02, 'women are not much more often taken for men than men for women');
    assert.ok(bias.coverage.interval.low > 0, 'a man is more often called a person, or by what he does, than a woman');
  },
);
