import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bool, Float32, Utf8 } from 'apache-arrow';
import { webdataset } from '../../formats/webdataset.js';
import { runBalance } from '../../pipelines/index.js';
import { ConfigError, InputError } from '../../schemas/errors.js';
import { parseConfig } from '../../schemas/parse-config.js';
import type { Report } from '../../schemas/report.js';
import { memorySource } from '../formats/memory.js';
import { generator } from '../transforms/balance/synthetic.js';
import { batchOf, saveParquet } from './inputs.js';
import { readExamples, readJson, readOutput, readParquetFile } from './outputs.js';
import { scratch } from './scratch.js';

const ROWS = 6000;
const random = generator(11);
/** Calibrated: a row is of a woman with probability p, and a nurse more often where it is. */
const DATA = Array.from({ length: ROWS }, (_, i) => {
  const p = Math.fround(random() ** 2);
  const female = random() < p;
  return { id: `r${i}`, p: i % 20 === 0 ? null : p, nurse: random() < (female ? 0.3 : 0.1) };
});

async function input(folder: string, changed: (p: number | null) => number | null = (p) => p): Promise<string> {
  const path = join(folder, 'rows.parquet');
  const columns = [
    ['id', { type: new Utf8(), values: DATA.map(({ id }) => id) }],
    ['p', { type: new Float32(), values: DATA.map(({ p }) => changed(p)) }],
    ['nurse', { type: new Bool(), values: DATA.map(({ nurse }) => nurse) }],
  ] as const;
  await saveParquet(path, batchOf(columns), 1000);
  return path;
}

const jobOf = (files: string, directory: string, fit: string) => ({
  input: { files },
  attributes: { female: { column: 'p', soft: true } },
  labels: [{ columns: ['nurse'] }],
  balance: { rate: 0.3, fit, tolerance: { representation: 0.01, association: 0.005 } },
  output: { directory, weights: 'parquet', formats: ['parquet', 'tfrecord', 'webdataset'] },
});

for (const fit of ['exact', 'stream', 'online'] as const) {
  test(`probabilities are balanced by the ${fit} fit, and the certificate tells what rounding them may do`, async (t) => {
    const folder = scratch(t);
    const out = join(folder, 'out');
    await runBalance(parseConfig(jobOf(await input(folder), out, fit)));
    const { names, rows } = await readParquetFile(readOutput(out).weights[0]!);
    const column = (row: readonly unknown[], name: string) => row[names.indexOf(name)];
    const by = new Map(DATA.map((row) => [row.id, row]));
    const sums = { q: 0, p: 0, nurse: [0, 0], side: [0, 0], error: 0, all: 0 };
    for (const row of rows) {
      const own = by.get(String(column(row, 'id')))!;
      const q = Number(column(row, 'weight'));
      sums.all += q;
      if (own.p === null) {
        assert.deepEqual([column(row, 'p_female'), column(row, 's_female')], [null, null]);
        continue;
      }
      const rounded = Number(column(row, 'p_female'));
      assert.equal(rounded, Math.round(own.p * 64) / 64);
      assert.equal(column(row, 's_female'), rounded >= 0.5);
      sums.q += q;
      sums.p += q * own.p;
      sums.error += q * Math.abs(own.p - rounded);
      [1 - rounded, rounded].forEach((share, side) => {
        sums.side[side]! += q * share;
        if (own.nurse) sums.nurse[side]! += q * share;
      });
    }
    const { certificate, bias } = readJson<Report>(out, 'report.json');
    const error = certificate!.rounding![0]!.error;
    assert.equal(certificate!.rounding![0]!.attribute, 'female');
    assert.ok(Math.abs(error - sums.error / ROWS) < 1e-6 && error > 0 && error < 1 / 128, `${error}`);
    const balanced = bias.find(({ stage }) => stage === 'balanced')!;
    const share = balanced.attributes[0]!.share!;
    assert.ok(Math.abs(share - sums.side[1]! / sums.q) < 1e-6);
    assert.ok(Math.abs(share - sums.p / sums.q) <= (error * ROWS) / sums.q, 'the share of p itself is as near as told');
    const ab = Math.abs(sums.nurse[1]! / sums.side[1]! - sums.nurse[0]! / sums.side[0]!);
    assert.ok(Math.abs(balanced.association.value! - ab) < 1e-6);
    const raw = bias[0]!;
    assert.ok(raw.attributes[0]!.rb! > 0.15 && raw.association.value! > 0.05, JSON.stringify(raw.attributes));
    if (fit === 'online') return;
    assert.ok(Math.abs(share - 0.5) < (fit === 'exact' ? 0.0101 : 0.03), `${share}`);
    assert.ok(ab < (fit === 'exact' ? 0.0301 : 0.06), `${ab}`);
    if (fit === 'exact') assert.ok(certificate!.gap < 1e-6, `${certificate!.gap}`);
  });
}

test('shards that are read without a join carry the probability, and TensorFlow Datasets is told of it', async (t) => {
  const folder = scratch(t);
  const out = join(folder, 'out');
  await runBalance(parseConfig(jobOf(await input(folder), out, 'exact')));
  const output = readOutput(out);
  const rounded = new Map(DATA.map(({ id, p }) => [id, p === null ? -1 : Math.round(p * 64) / 64]));
  const side = (p: number) => (p < 0 ? -1 : Number(p >= 0.5));
  let unknown = 0;
  for (const path of output.shards('tfrecord')) {
    for (const example of await readExamples(path)) {
      const [p] = example.get('p_female')!.values as [number];
      assert.equal(p, rounded.get(Buffer.from(example.get('id')!.values[0] as Uint8Array).toString()));
      assert.equal(Number(example.get('s_female')!.values[0]), side(p));
      if (p < 0) unknown++;
    }
  }
  assert.ok(unknown > 0, 'rows of which nothing is known are among them');
  const features = readFileSync(join(out, 'features.json'), 'utf8');
  assert.match(features, /"p_female": \{[^}]*[Tt]ensor/);
  let samples = 0;
  for (const path of output.shards('webdataset')) {
    const { groups } = await webdataset.plan(memorySource(new Uint8Array(readFileSync(path)), path));
    const source = memorySource(new Uint8Array(readFileSync(path)), path);
    for (let group = 0; group < groups.length; group++) {
      for await (const batch of webdataset.read(source, group, ['id', 'p_female'])) {
        for (const { id, p_female } of batch.toArray()) {
          assert.equal(p_female, rounded.get(id));
          samples++;
        }
      }
    }
  }
  assert.equal(samples, output.report.rows.kept);
});

test('what is no probability is refused by its place; soft goes with neither value nor threshold', async (t) => {
  const folder = scratch(t);
  const files = await input(folder, (p) => (p === null ? null : 2 * p));
  const job = jobOf(files, join(folder, 'out'), 'exact');
  await assert.rejects(
    runBalance(parseConfig(job)),
    (error: Error) =>
      error instanceof InputError && /column p, row \d+ .*expected a number from 0 to 1/s.test(error.message),
  );
  const both = { ...job, attributes: { female: { column: 'p', soft: true, threshold: 0.5 } } };
  assert.throws(
    () => parseConfig(both),
    (error: Error) => error instanceof ConfigError && /attributes\.female: expected soft/.test(error.message),
  );
  const words = { ...job, attributes: { female: { column: 'id', soft: true } } };
  await assert.rejects(runBalance(parseConfig(words)), /column id.*expected numbers/s);
});
