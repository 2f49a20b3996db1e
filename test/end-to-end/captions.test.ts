import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { needs, sharedPath } from '../shared.js';
import { readOutput, readParquetFile, readWeights } from './outputs.js';
import { scratch } from './scratch.js';

const SETS = [
  {
    name: 'COCO',
    file: 'data/pairs/coco_val2017_captions.parquet',
    rows: 25_014,
    // The lexicon's terms; data/README.md counts captions by a shorter list: .174 mention a man, .094 a woman.
    known: [0.15, 0.4],
    female: [0.2, 0.45],
  },
  {
    name: 'CC3M',
    file: 'data/pairs/cc3m_val.parquet',
    rows: 15_833,
    known: [0.1, 0.4],
    female: [0.35, 0.65],
  },
] as const;

function within(value: number, [low, high]: readonly [number, number], what: string): void {
  assert.ok(value >= low && value <= high, `${what}: ${value}, expected ${low} to ${high}`);
}

/** A caption that these match has this attribute and label, if it says nothing of the other sex. */
const WOMAN = /\b(woman|women|girl|girls|lady|ladies|she|her|female|mother|actress|queen)\b/i;
const MAN = /\b(man|men|boy|boys|guy|guys|gentleman|he|his|him|male|father|king)\b/i;
const JOBS: readonly (readonly [RegExp, string])[] = [
  [/\b(chef|chefs)\b/i, 'chef'],
  [/\b(nurse|nurses)\b/i, 'nurse'],
  [/\b(surfer|surfers)\b/i, 'surfer'],
  [/\b(teacher|teachers)\b/i, 'teacher'],
  [/\b(farmer|farmers)\b/i, 'farmer'],
];

for (const set of SETS) {
  test(`${set.name}'s captions are tagged, balanced and reported`, needs(set.file), async (t) => {
    const directory = join(scratch(t), 'out');
    const { report } = await runBalance(
      parseConfig({
        input: { files: sharedPath(set.file) },
        filters: [{ words: { minimum: 3 } }],
        attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
        labels: [{ lexicon: 'occupations' }],
        balance: { rate: 'auto', tolerance: { representation: 0.01, association: 0.001 } },
        output: { directory, formats: ['parquet'], shardRows: 5_000 },
        report: { minimumSupport: 10 },
      }),
    );
    assert.equal(report.rows.read, set.rows);
    assert.equal(report.problems.count, 0);
    const [raw, words, balanced, resampled, random] = report.bias;
    assert.deepEqual(
      report.bias.map((s) => s.stage),
      ['raw', 'words', 'balanced', 'resampled', 'random'],
    );
    const [female] = raw!.attributes;
    within(1 - female!.unknown!, set.known, 'share of captions with one sex');
    within(female!.share!, set.female, 'share of women among them');
    assert.ok(balanced!.rb! <= 0.01 + 1e-6, `balanced RB ${balanced!.rb}`);
    assert.ok(balanced!.rb! < raw!.rb! && balanced!.ab! < raw!.ab!, 'less bias than before');
    assert.ok(resampled!.rb! < 0.05, `resampled RB ${resampled!.rb}`);
    assert.ok(Math.abs(random!.rb! - words!.rb!) < 0.05, 'the control keeps its bias');
    assert.ok(report.certificate!.feasible && report.certificate!.gap < 1e-6);
    within(report.certificate!.rate, [0.5, 1], 'the unknown cost nothing, so most is kept');
    assert.ok(report.pairs.length > 0 && report.pairs.every((p) => p.raw.support >= 10));
    assert.ok(report.weights!.rows === words!.rows);

    const output = readOutput(directory);
    const weights = await readWeights(output.weights);
    assert.equal(weights.length, set.rows);
    const { names, rows } = await readParquetFile(sharedPath(set.file));
    const captions = rows.map((row) => String(row[names.indexOf('text')]));
    const ids = rows.map((row) => String(row[names.indexOf('id')]));
    let [women, men, jobs] = [0, 0, 0];
    weights.forEach(({ id, attributes, labels, reason }, i) => {
      assert.equal(id, ids[i]);
      if (reason?.startsWith('words')) return;
      const caption = captions[i]!;
      const [woman, man] = [WOMAN.test(caption), MAN.test(caption)];
      // Words that the lists above lack may still name the other sex, so a contrary finding is what must not be.
      if (woman && !man) {
        women++;
        assert.notEqual(attributes.s_female, false, caption);
      }
      if (man && !woman) {
        men++;
        assert.notEqual(attributes.s_female, true, caption);
      }
      if (woman && man) assert.equal(attributes.s_female, null, caption);
      for (const [pattern, label] of JOBS) {
        if (!pattern.test(caption)) continue;
        jobs++;
        assert.ok(labels.includes(label) || labels.some((l) => l.includes(label)), `${caption}: ${labels}`);
      }
    });
    assert.ok(women > 500 && men > 500 && jobs > 20, `${women} ${men} ${jobs}`);
    const bySex = (value: boolean) => weights.filter((w) => w.attributes.s_female === value);
    const mean = (some: readonly { weight: number }[]) => some.reduce((sum, w) => sum + w.weight, 0) / some.length;
    if (female!.share! < 0.5) assert.ok(mean(bySex(true)) > mean(bySex(false)), 'women weigh more where they are few');
  });
}
