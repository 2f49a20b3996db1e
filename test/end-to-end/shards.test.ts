/** Real images in WebDataset shards and TFRecord, through the whole job. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { archive, type Entry } from '../formats/tar-bytes.js';
import { needs, sharedPath } from '../shared.js';
import { readParquetFile } from './outputs.js';
import { scratch } from './scratch.js';

const PORTRAITS = 'data/pairs/portraits.parquet';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly image: Uint8Array;
  readonly width: number | bigint;
  readonly height: number | bigint;
}

const job = (files: string | string[], directory: string, columns: string) =>
  parseConfig({
    input: { files, columns },
    filters: [{ side: { minimum: 10 } }],
    attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
    balance: { rate: 0.9, tolerance: { representation: 0.5, association: 0.5 } },
    output: { directory, formats: ['parquet', 'tfrecord'], shardRows: 100 },
    report: { rates: 0 },
  });

async function portraits(path: string): Promise<Row[]> {
  const { names, rows } = await readParquetFile(path);
  return rows.map((values) => Object.fromEntries(names.map((name, i) => [name, values[i]])) as unknown as Row);
}

async function imagesOf(directory: string): Promise<Map<string, { text: string; image: string }[]>> {
  const found = new Map<string, { text: string; image: string }[]>();
  for (const name of readdirSync(directory).filter((n) => n.endsWith('.parquet'))) {
    for (const row of await portraits(join(directory, name))) {
      const { text, image } = row;
      found.set(row.id, [...(found.get(row.id) ?? []), { text, image: Buffer.from(image).toString('base64') }]);
    }
  }
  return found;
}

test(
  'portraits in tar shards are balanced with their images as they are, and again from the TFRecord of that',
  needs(PORTRAITS),
  async (t) => {
    const folder = scratch(t);
    const rows = await portraits(sharedPath(PORTRAITS));
    const tars = join(folder, 'shards');
    mkdirSync(tars);
    for (let shard = 0; shard < 3; shard++) {
      const some = rows.filter((_, i) => i % 3 === shard);
      const entries = some.flatMap((row): Entry[] => [
        { name: `${row.id}.jpg`, body: row.image },
        {
          name: `${row.id}.json`,
          body: JSON.stringify({
            key: row.id,
            width: Number(row.width),
            height: Number(row.height),
            ...(shard === 1 && { extra: 0.5 }),
          }),
        },
        { name: `${row.id}.txt`, body: `${row.text}, a woman` },
      ]);
      writeFileSync(join(tars, `0000${shard}.tar`), archive(...entries));
      // What img2dataset leaves beside a shard is no input of its own.
      writeFileSync(
        join(tars, `0000${shard}_stats.json`),
        JSON.stringify({ count: some.length, successes: some.length }),
      );
      writeFileSync(join(tars, `0000${shard}.parquet`), 'never looked at');
    }
    const first = join(folder, 'first');
    const { report } = await runBalance(job(tars, first, 'img2dataset'));
    assert.equal(report.rows.read, rows.length);
    assert.equal(report.problems.count, 0);
    const known = new Map(rows.map((row) => [row.id, row]));
    const kept = await imagesOf(first);
    assert.ok(kept.size > rows.length / 2, `${kept.size} rows`);
    for (const [id, copies] of kept) {
      for (const { text, image } of copies) {
        assert.equal(text, `${known.get(id)!.text}, a woman`);
        assert.equal(image, Buffer.from(known.get(id)!.image).toString('base64'));
      }
    }
    const written = readdirSync(first).filter((name) => name.includes('.tfrecord-'));
    assert.ok(written.length > 0);
    const second = join(folder, 'second');
    const again = await runBalance(
      job(
        written.map((name) => join(first, name)),
        second,
        'auto',
      ),
    );
    assert.equal(again.report.rows.read, [...kept.values()].flat().length);
    for (const [id, copies] of await imagesOf(second)) assert.equal(copies[0]!.image, kept.get(id)![0]!.image);
  },
);

test('a hostile shard is a problem that is told, and the others are read', async (t) => {
  const folder = scratch(t);
  const captions = (n: number): Entry[] =>
    Array.from({ length: n }, (_, i) => ({ name: `${n}-${i}.txt`, body: i % 2 ? 'a woman' : 'a man' }));
  writeFileSync(join(folder, 'a.tar'), archive(...captions(40)));
  writeFileSync(join(folder, 'b.tar'), archive(...captions(30), { name: '../../etc/cron.d/x.txt', body: 'y' }));
  const config = { ...job(folder, join(folder, 'out'), 'auto'), filters: [] };
  const given = {
    ...config,
    input: { ...config.input, maximumBad: 1 },
    output: { ...config.output, formats: ['parquet' as const] },
  };
  const { report } = await runBalance(given);
  assert.equal(report.rows.read, 40);
  assert.match(JSON.stringify(report.problems), /b\.tar, member 30 .*expected a relative name, got a name with \.\./);
});
