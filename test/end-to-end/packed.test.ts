/** Statistics of Parquet whose columns are read from their pages, some row groups or all, are those of the same rows in Arrow. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bool, DataType, Field, List, Utf8 } from 'apache-arrow';
import { Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm';
import { streamBytes } from '../../formats/arrow-messages.js';
import { formatNamed } from '../../formats/index.js';
import { runStats } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { storageFor } from '../../storage/index.js';
import { batchOf, saveArrow } from './inputs.js';
import { scratch } from './scratch.js';

const ROWS = 30_000;
const GROUP = 10_000;
const LABELS = 40;

const of = <T>(value: (i: number) => T) => Array.from({ length: ROWS }, (_, i) => value(i));
const hash = (i: number, salt: number) => Math.imul(i + 1, 2654435761 + 2 * salt) >>> 8;

/** In the second row group nearly every item is a string of its own, so that its dictionary overflows. */
const item = (i: number, k: number) =>
  i >= GROUP && i < 2 * GROUP && k > 0 ? `only ${i} ${k}` : `label ${hash(i, k) % (LABELS + 5)}`;

const batch = batchOf([
  ['s0', { type: new Bool(), values: of((i) => (i % 97 === 0 ? null : hash(i, 11) % 3 === 0)) }],
  ['s1', { type: new Bool(), values: of((i) => hash(i, 12) % 2 === 0) }],
  [
    'tags',
    {
      type: new List(new Field('item', new Utf8(), true)),
      values: of((i) => (i % 31 === 0 ? null : Array.from({ length: hash(i, 13) % 4 }, (_, k) => item(i, k)))),
    },
  ],
  ['y_a', { type: new Bool(), values: of((i) => hash(i, 14) % 50 === 0) }],
  ['y_b', { type: new Bool(), values: of((i) => (i % 7 === 0 ? null : hash(i, 15) % 3 > 0)) }],
]);

const names = Array.from({ length: LABELS }, (_, r) => `label ${r}`);

async function reportOf(folder: string, file: string, more: object = {}) {
  const { report } = await runStats(
    parseConfig({
      input: { files: join(folder, file) },
      attributes: { s0: { column: 's0' }, s1: { column: 's1', target: 0.4 } },
      labels: [{ list: 'tags', names }, { columns: ['y_*'] }],
      output: { directory: join(folder, `out-${file}-${Object.keys(more)}`) },
      ...more,
    }),
  );
  const [{ inputs: _, ...set }] = report.sets as unknown as [Record<string, unknown>];
  return set;
}

test('one row group with a dictionary, one without, one with', async (t) => {
  const folder = scratch(t);
  const properties = new WriterPropertiesBuilder()
    .setMaxRowGroupSize(GROUP)
    .setDictionaryPageSizeLimit(2000)
    .setDataPageSizeLimit(4000)
    .build();
  writeFileSync(join(folder, 'a.parquet'), writeParquet(Table.fromIPCStream(streamBytes(batch)), properties));
  await saveArrow(join(folder, 'a.arrow'), batch, 3000);

  const source = await storageFor(folder).open(join(folder, 'a.parquet'));
  const direct = await Promise.all(
    [0, 1, 2].map(async (group) => {
      const { value } = await formatNamed('parquet')
        .read(source, group, ['tags', 's0'], undefined, undefined, { dictionaries: ['tags'] })
        [Symbol.asyncIterator]()
        .next();
      return DataType.isDictionary(value.schema.fields[0].type.children[0].type) && value.numRows === GROUP;
    }),
  );
  assert.deepEqual(direct, [true, false, true]);

  const expected = await reportOf(folder, 'a.arrow');
  assert.deepEqual(await reportOf(folder, 'a.parquet'), expected);
  // Slices want rows, and the list of more than the tagger.
  const more = { stats: { slices: [{ attributes: { names: ['s0', 's1'] } }] } };
  assert.deepEqual(await reportOf(folder, 'a.parquet', more), await reportOf(folder, 'a.arrow', more));
});
