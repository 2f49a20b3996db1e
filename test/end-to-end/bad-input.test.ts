import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Bool, Float64, Int32, type RecordBatch, Utf8 } from 'apache-arrow';
import { parquetMetadata } from 'hyparquet';
import { type RunHooks, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { run } from './command.js';
import { batchOf, type Column, saveArrow, saveParquet } from './inputs.js';
import { readOutput, readParquetFile, readWeights } from './outputs.js';
import { filesBelow, scratch } from './scratch.js';

/** Rows first .. first + rows - 1 of a plain table: half of them women, every third a nurse. */
function people(first: number, rows: number, change: Record<string, Column | undefined> = {}): RecordBatch {
  const numbers = Array.from({ length: rows }, (_, i) => first + i);
  const columns: Record<string, Column | undefined> = {
    id: { type: new Utf8(), values: numbers.map((i) => `person ${i}`) },
    text: { type: new Utf8(), values: numbers.map((i) => `somebody, number ${i}`) },
    female: { type: new Bool(), values: numbers.map((i) => i % 2 === 0) },
    y_nurse: { type: new Int32(), values: numbers.map((i) => (i % 3 === 0 ? 1 : 0)) },
    note: { type: new Utf8(), values: numbers.map((i) => `note ${i * 7919}`) },
    ...change,
  };
  return batchOf(Object.entries(columns).filter((entry): entry is [string, Column] => entry[1] !== undefined));
}

interface Bench {
  readonly folder: string;
  readonly out: string;
  path(name: string): string;
  balance(change?: Record<string, object>, hooks?: RunHooks): ReturnType<typeof runBalance>;
}

function bench(t: TestContext): Bench {
  const folder = scratch(t);
  const input = join(folder, 'input');
  mkdirSync(input);
  const out = join(folder, 'out');
  return {
    folder,
    out,
    path: (name) => join(input, name),
    balance: (change = {}, hooks = {}) =>
      runBalance(
        parseConfig({
          input: { files: input, maximumBad: 1, ...change.input },
          attributes: change.attributes ?? { female: { column: 'female' } },
          labels: [{ columns: ['y_*'] }],
          filters: change.filters ?? [],
          balance: { rate: 0.9, ...change.balance },
          output: { directory: out, formats: ['parquet', 'arrow', 'tfrecord'], shardRows: 60, ...change.output },
        }),
        hooks,
      ),
  };
}

interface DeadLetter {
  readonly file: string;
  readonly rows: number;
  readonly firstRow?: number;
  readonly reason: string;
}

function deadLetters(out: string): DeadLetter[] {
  return readFileSync(join(out, 'dead-letter.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The run went on: the loss is counted, kept in the dead-letter file, and told in the report. */
async function assertLost(
  b: Bench,
  expected: { read: number; lost: number; file: string; reason: RegExp },
): Promise<void> {
  const { report, manifest, weights } = readOutput(b.out);
  const { read, kept, dropped } = report.rows;
  assert.equal(read, expected.read);
  assert.equal(dropped.unreadable ?? 0, expected.lost);
  assert.equal(read, kept + Object.values(dropped).reduce((a, c) => a + c, 0));
  const letters = deadLetters(b.out);
  const letter = letters.find((l) => l.file === expected.file)!;
  assert.match(letter.reason, expected.reason);
  assert.ok(letter.reason.includes(expected.file), letter.reason);
  assert.equal(
    letters.reduce((sum, l) => sum + l.rows, 0),
    expected.lost,
  );
  assert.equal(report.problems.count, letters.length);
  assert.ok(report.problems.list.some((p) => p.file === expected.file && expected.reason.test(p.message)));
  assert.ok(manifest.files.some((f) => f.kind === 'dead-letter'));
  const rows = await readWeights(weights);
  assert.equal(rows.length, read - expected.lost);
}

/** Overwrites bytes in the middle of a column's pages in one row group. */
function corrupt(path: string, column: string, group: number): void {
  const bytes = readFileSync(path);
  const { row_groups } = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const meta = row_groups[group]!.columns.find((c) => c.meta_data!.path_in_schema[0] === column)!.meta_data!;
  const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset);
  bytes.fill(0xff, start, start + Number(meta.total_compressed_size));
  writeFileSync(path, bytes);
}

for (const [column, what] of [
  ['female', 'that every pass reads'],
  ['note', 'that is only carried to the output'],
] as const) {
  test(`a corrupt page in a column ${what}: its row group is lost, and nothing else`, async (t) => {
    const b = bench(t);
    await saveParquet(b.path('a.parquet'), people(0, 300), 50);
    corrupt(b.path('a.parquet'), column, 2);
    await b.balance();
    const reason = new RegExp(`row group 2, column ${column}`);
    await assertLost(b, { read: 300, lost: 50, file: b.path('a.parquet'), reason });
    const ids = (await readWeights(readOutput(b.out).weights)).map((w) => w.id);
    assert.deepEqual(
      ids,
      Array.from({ length: 300 }, (_, i) => i)
        .filter((i) => i < 100 || i >= 150)
        .map((i) => `person ${i}`),
    );
    assert.equal(deadLetters(b.out)[0]!.firstRow, 100);
  });

  test(`the same with filters that look at the whole input, and in one pass, column ${what}`, async (t) => {
    const b = bench(t);
    const score = { type: new Float64(), values: Array.from({ length: 300 }, (_, i) => i) };
    await saveParquet(b.path('a.parquet'), people(0, 300, { score }), 50);
    corrupt(b.path('a.parquet'), column, 5);
    const filters = [{ similarity: { column: 'score', fraction: 0.5 } }, { unique: {} }];
    await b.balance({ filters, balance: { rate: 0.9, fit: 'exact' } });
    const reason = new RegExp(`row group 5, column ${column}`);
    await assertLost(b, { read: 300, lost: 50, file: b.path('a.parquet'), reason });
    // Half of the 250 rows that can be read.
    const low = readOutput(b.out).report.rows.dropped['similarity score: low'];
    assert.equal(low, 125);

    await b.balance({ filters, balance: { rate: 0.9, fit: 'online' }, output: { overwrite: true } });
    await assertLost(b, { read: 300, lost: 50, file: b.path('a.parquet'), reason });
    assert.equal(readOutput(b.out).report.rows.dropped['similarity score: low'], 125);
  });
}

test('a corrupt record batch of an Arrow file is lost alone', async (t) => {
  const b = bench(t);
  await saveArrow(b.path('a.arrow'), people(0, 300), 300);
  await saveArrow(b.path('b.arrow'), people(300, 50), 50);
  const bytes = readFileSync(b.path('b.arrow'));
  // A label that is neither 0 nor 1 is data of another kind, so the lengths are hit: the offsets of the texts.
  const at = bytes.indexOf(Buffer.from('person 300'));
  assert.ok(at > 0);
  bytes.fill(0x7f, at - 150, at - 20);
  writeFileSync(b.path('b.arrow'), bytes);
  await b.balance();
  await assertLost(b, { read: 350, lost: 50, file: b.path('b.arrow'), reason: /record batch 0|group 0/ });
});

for (const [name, damage, reason] of [
  ['truncated', (path: string) => truncateSync(path, 900), /expected .*, got/],
  ['empty (0 bytes)', (path: string) => truncateSync(path, 0), /0|empty/],
  [
    'not Parquet but named so',
    (path: string) => writeFileSync(path, 'id,text\n1,hello\n'.repeat(20)),
    /PAR1|magic|Parquet/,
  ],
] as const) {
  test(`a file that is ${name} is a problem of its own`, async (t) => {
    const b = bench(t);
    await saveParquet(b.path('a.parquet'), people(0, 200), 50);
    await saveParquet(b.path('b.parquet'), people(200, 100), 50);
    damage(b.path('b.parquet'));
    await b.balance();
    await assertLost(b, { read: 200, lost: 0, file: b.path('b.parquet'), reason });
  });
}

test('a second file without a column, or with another type, is lost with its rows', async (t) => {
  for (const [change, reason] of [
    [{ note: undefined }, /column note: expected Utf8, as in the first file, got no such column/],
    [
      { y_nurse: { type: new Float64(), values: Array.from({ length: 100 }, () => 1) } },
      /column y_nurse: expected Int32, as in the first file, got Float64/,
    ],
  ] as const) {
    const b = bench(t);
    await saveParquet(b.path('a.parquet'), people(0, 200), 50);
    const batch = people(200, 100, change as Record<string, Column | undefined>);
    await saveParquet(b.path('b.parquet'), batch, 50);
    await b.balance();
    await assertLost(b, { read: 300, lost: 100, file: b.path('b.parquet'), reason });
  }
});

test('a second file with its columns in another order, and more of them, is read', async (t) => {
  const b = bench(t);
  await saveParquet(b.path('a.parquet'), people(0, 200), 50);
  const batch = people(200, 100);
  const shuffled = batchOf(
    [4, 0, 3, 1, 2].map((i) => {
      const { name, type } = batch.schema.fields[i]!;
      return [name, { type, values: [...batch.getChildAt(i)!] }];
    }),
  );
  await saveParquet(b.path('b.parquet'), shuffled, 50);
  const { report } = await b.balance();
  assert.equal(report.rows.read, 300);
  assert.deepEqual(report.problems, { count: 0, list: [] });
  const shards = readOutput(b.out).shards('parquet');
  for (const shard of shards) {
    const { names, rows } = await readParquetFile(shard);
    assert.deepEqual(names, ['id', 'text', 'female', 'y_nurse', 'note']);
    for (const row of rows) assert.equal(row[1], `somebody, number ${String(row[0]).slice(7)}`);
  }
});

test('files without rows are no problem', async (t) => {
  const b = bench(t);
  await saveParquet(b.path('0-empty.parquet'), people(0, 0));
  await saveArrow(b.path('1-empty.arrow'), people(0, 0));
  await saveParquet(b.path('2-full.parquet'), people(0, 200), 50);
  const { report } = await b.balance();
  assert.equal(report.rows.read, 200);
  assert.equal(report.problems.count, 0);
});

test('input without any row ends in a sentence', async (t) => {
  const b = bench(t);
  await saveParquet(b.path('empty.parquet'), people(0, 0));
  await assert.rejects(b.balance(), {
    name: 'InputError',
    message: /nothing to balance: expected rows that pass every filter, got none: the input has no rows/,
  });
  assert.deepEqual(filesBelow(b.out), []);
});

test('where every row is dropped, the reasons are told', async (t) => {
  const b = bench(t);
  await saveParquet(b.path('a.parquet'), people(0, 200), 50);
  const filters = [{ words: { minimum: 50 } }];
  for (const fit of ['auto', 'stream', 'online']) {
    await assert.rejects(b.balance({ filters, balance: { fit } }), {
      name: 'InputError',
      message: /nothing to balance: expected rows that pass every filter, got none: 200 "words.*"/,
    });
  }
});

test('an attribute that is never known constrains nothing', async (t) => {
  for (const fit of ['exact', 'stream', 'online']) {
    const b = bench(t);
    const unknown = { type: new Bool(), values: Array.from({ length: 200 }, () => null) };
    await saveParquet(b.path('a.parquet'), people(0, 200, { unknown }), 50);
    const attributes = { female: { column: 'female' }, never: { column: 'unknown' } };
    const { report } = await b.balance({ attributes, balance: { rate: 0.5, fit } });
    const balanced = report.bias.find((s) => s.stage === 'balanced')!;
    const never = balanced.attributes.find((a) => a.attribute === 'never')!;
    assert.deepEqual([never.share, never.rb, never.unknown, never.support], [null, null, 1, 0]);
    assert.equal(report.certificate!.feasible, true);
  }
});

test('a value that is neither 0 nor 1 is named with its file, its column and its row', async (t) => {
  const b = bench(t);
  const y_nurse = { type: new Int32(), values: Array.from({ length: 100 }, (_, i) => (i === 42 ? 7 : 0)) };
  await saveParquet(b.path('a.parquet'), people(0, 200), 50);
  await saveParquet(b.path('b.parquet'), people(200, 100, { y_nurse }), 50);
  await assert.rejects(b.balance(), (error: Error) => {
    assert.equal(error.name, 'InputError');
    assert.match(error.message, /column y_nurse.*row (42|242)\b.*expected 0 or 1, got 7/);
    assert.ok(error.message.includes(b.path('b.parquet')), error.message);
    return true;
  });
});

for (const during of ['count', 'write']) {
  for (const [what, rows] of [
    ['another size', 90],
    ['the same size', 100],
  ] as const) {
    test(`a file replaced by one of ${what} while the run is at "${during}" is lost with its rows, not mixed in`, async (t) => {
      const b = bench(t);
      await saveParquet(b.path('a.parquet'), people(0, 200), 50);
      await saveArrow(b.path('b.arrow'), people(200, 100), 50);
      const other = join(b.folder, 'other.arrow');
      await saveArrow(other, people(700, rows), 50);
      assert.equal(statSync(other).size === statSync(b.path('b.arrow')).size, rows === 100, 'as the test says');
      let replaced = false;
      const hooks: RunHooks = {
        onProgress({ phase }) {
          if (replaced || !phase.includes(during)) return;
          replaced = true;
          cpSync(other, b.path('b.arrow'));
        },
      };
      await b.balance({}, hooks);
      const reason = /file changed: .*as when the run was planned, got .*Start the run again/;
      await assertLost(b, { read: 300, lost: 100, file: b.path('b.arrow'), reason });

      await b.balance({ output: { overwrite: true } });
      assert.deepEqual(readOutput(b.out).report.rows.dropped.unreadable, undefined);
      assert.equal(readOutput(b.out).report.rows.read, 200 + rows);
    });
  }
}

test('too much that is unreadable is looked at again by the same command', async (t) => {
  const b = bench(t);
  await saveParquet(b.path('a.parquet'), people(0, 200), 50);
  const good = readFileSync(b.path('a.parquet'));
  const { mtime, atime } = statSync(b.path('a.parquet'));
  corrupt(b.path('a.parquet'), 'female', 0);
  utimesSync(b.path('a.parquet'), atime, mtime);
  const input = { maximumBad: 0.1 };
  await assert.rejects(b.balance({ input }), /maximumBad/);
  writeFileSync(b.path('a.parquet'), good);
  utimesSync(b.path('a.parquet'), atime, mtime);
  const { report } = await b.balance({ input });
  assert.deepEqual([report.rows.read, report.problems.count], [200, 0]);
});

test('input.maximumBad holds for rows and for files, both ways', async (t) => {
  const b = bench(t);
  await saveParquet(b.path('a.parquet'), people(0, 300), 50);
  corrupt(b.path('a.parquet'), 'text', 1);
  const filters = [{ words: { minimum: 1 } }];
  // 50 of 300 rows.
  await assert.rejects(b.balance({ filters, input: { maximumBad: 0.16 } }), {
    name: 'InputError',
    message:
      /input\.maximumBad: expected at most 16 % of the rows to be unreadable, got 16\.7 %: .*a\.parquet, row group 1, column text/,
  });
  assert.deepEqual(filesBelow(b.out), []);
  await b.balance({ filters, input: { maximumBad: 0.17 } });

  writeFileSync(b.path('b.parquet'), 'nothing');
  await assert.rejects(b.balance({ input: { maximumBad: 0.4 }, output: { overwrite: true } }), {
    name: 'InputError',
    message: /input\.maximumBad: expected at most 40 % of the files to be unreadable, got 50\.0 %: .*b\.parquet/,
  });
  await b.balance({ input: { maximumBad: 0.5 }, output: { overwrite: true } });
});

test('no input is a sentence and an exit code', async (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'empty', 'README.txt'), 'no data here');
  writeFileSync(join(folder, 'noise.parquet'), 'no data here');
  const attributes = '{female: {column: female}}';
  const rest = ['--output', join(folder, 'out'), '--attributes', attributes];
  for (const [input, expected] of [
    [join(folder, 'empty'), /input files: .*empty: expected files that end in \.parquet.*, got none/],
    [
      join(folder, 'data', '*.parquet'),
      /input files: .*\*\.parquet: expected at least one file, got none.*nearest folder/,
    ],
    [join(folder, 'noise.parquet'), /input: .*noise\.parquet: expected at least one readable data file .*, got/],
    [join(folder, 'empty', 'README.txt'), /README\.txt: expected a Parquet, Arrow, WebDataset or TFRecord file/],
  ] as const) {
    const { code, stdout, stderr } = await run(['balance', '--input', input, ...rest]);
    assert.equal(code, 3, stderr);
    assert.match(stderr, expected);
    assert.equal(stdout, '');
  }
  assert.deepEqual(filesBelow(join(folder, 'out')), []);
});
