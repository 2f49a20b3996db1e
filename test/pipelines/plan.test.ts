import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parquetMetadata } from 'hyparquet';
import { planBalance, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveArrow, saveParquet } from '../end-to-end/inputs.js';
import { scratch } from '../end-to-end/scratch.js';

function config(files: string | string[], directory: string, change: Record<string, unknown> = {}) {
  return parseConfig({
    input: { files },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.3, ...(change.balance as object) },
    filters: change.filters ?? [],
    output: { directory, ...(change.output as object) },
  });
}

/** Fills every byte of a Parquet file but its magic and its footer with noise. */
function ruin(path: string): void {
  const bytes = readFileSync(path);
  const footer = bytes.readUInt32LE(bytes.length - 8);
  bytes.fill(0xa5, 4, bytes.length - 8 - footer);
  writeFileSync(path, bytes);
}

test('a plan reads footers alone: it is the same where every page is noise', async (t) => {
  const folder = scratch(t);
  const input = join(folder, 'input');
  mkdirSync(input);
  await saveParquet(join(input, 'a.parquet'), demoBatch(1, 0, 500), 100);
  await saveParquet(join(input, 'b.parquet'), demoBatch(1, 500, 300), 200);
  const filters = [
    'datacomp-basic',
    { similarity: { column: 'clip_l14_similarity_score', fraction: 0.5 } },
    { unique: {} },
  ];
  const value = config(input, join(folder, 'out'), { filters, output: { shardRows: 50 } });
  const before = await planBalance(value);
  for (const name of readdirSync(input)) ruin(join(input, name));
  assert.deepEqual(await planBalance(value), before);
  await assert.rejects(runBalance(value), /unreadable/, 'and the run does find the noise');

  assert.equal(before.rows, 800);
  assert.equal(before.splits, 7);
  assert.deepEqual(
    before.files.map((f) => [f.rows, f.splits, f.format]),
    [
      [500, 5, 'parquet'],
      [300, 2, 'parquet'],
    ],
  );
  assert.deepEqual(before.columns.slice(0, 3), [
    { name: 'uid', type: 'Utf8', canonical: 'id' },
    { name: 'text', type: 'Utf8', canonical: 'text' },
    { name: 'url', type: 'Utf8', canonical: 'url' },
  ]);
  assert.deepEqual(before.attributes, ['female']);
  assert.ok(before.labels.names.includes('nurse') && Number(before.labels.count) >= 150);
  assert.equal(before.shards.rows, 50);
  assert.ok(before.passes.length >= 4);
});

test('a plan writes nothing', async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 100));
  await planBalance(config(folder, join(folder, 'deep', 'out')));
  assert.deepEqual(readdirSync(folder), ['a.parquet']);
});

test('a plan tells which files cannot be used, and why', async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 100));
  writeFileSync(join(folder, 'b.parquet'), 'PAR1 and no more');
  writeFileSync(join(folder, 'c.arrow'), '');
  const { files, rows } = await planBalance(config(folder, join(folder, 'out')));
  assert.equal(rows, 100);
  assert.equal(files[0]!.problem, undefined);
  assert.match(files[1]!.problem!, /b\.parquet.*expected .*, got/);
  assert.match(files[2]!.problem!, /c\.arrow.*expected .*, got/);
});

test('a mistake in the names of columns is found before anything is read', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.parquet');
  await saveParquet(path, demoBatch(1, 0, 100));
  ruin(path);
  for (const [change, message] of [
    [{ filters: [{ score: { column: 'punsafe', maximum: 0.5 } }] }, /punsafe/],
    [{ filters: [{ similarity: { fraction: 0.5 } }] }, /similarity/],
    [{ balance: { utility: 'hight' } }, /balance\.utility: expected a column, got hight.*Did you mean height\?/],
    [{ balance: { utility: 'url' } }, /balance\.utility.*url.*Utf8/],
  ] as const) {
    for (const call of [planBalance, runBalance]) {
      const value = config(path, join(folder, 'out'), change);
      await assert.rejects(call(value), (error: Error) => {
        assert.equal(error.name, 'ConfigError', error.message);
        assert.match(error.message, message);
        return true;
      });
    }
  }
  assert.equal(existsSync(join(folder, 'out.partial')), false);
});

test('the output of a run is no input of the next, wherever it lies', async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 200));
  await saveArrow(join(folder, 'b.arrow'), demoBatch(1, 200, 100));
  const out = join(folder, 'balanced');
  for (const files of [folder, join(folder, '**', '*.{parquet,arrow}')]) {
    rmSync(out, { recursive: true, force: true });
    const value = config(files, out, { output: { formats: ['parquet', 'arrow'] } });
    const stop = new AbortController();
    const hooks = {
      signal: stop.signal,
      onProgress: ({ phase }: { phase: string }) => {
        if (phase.includes('write')) stop.abort(new Error('stopped'));
      },
    };
    await assert.rejects(runBalance(value, hooks), /stopped/);
    // As if a shard had been finished before.
    mkdirSync(join(`${out}.partial`, 'data'), { recursive: true });
    copyFileSync(join(folder, 'a.parquet'), join(`${out}.partial`, 'data', 'shard-part-7.parquet'));
    assert.ok(existsSync(`${out}.partial`));
    assert.equal((await runBalance(value)).report.rows.read, 300);
    const again = await runBalance(value);
    assert.equal(again.alreadyDone, true);
    assert.equal((await planBalance(value)).rows, 300);
  }
  await assert.rejects(
    planBalance(config(out, out)),
    /input: .*expected at least one readable .* outside output\.directory/,
  );
});

test('footers are what a plan is made of', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.parquet');
  await saveParquet(path, demoBatch(1, 0, 300), 100);
  const bytes = readFileSync(path);
  const metadata = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const plan = await planBalance(config(path, join(folder, 'out')));
  assert.equal(plan.splits, metadata.row_groups.length);
  assert.equal(plan.rows, Number(metadata.num_rows));
});
