/** Rows of web image-text metadata made from real captions: ids, URLs, sizes and scores are drawn, each caption is used in turn. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Field, Float32, Int32, makeData, Schema, Utf8, vectorFromArray } from 'apache-arrow';
import { parquet } from '../formats/parquet.js';
import { storageFor } from '../storage/index.js';
import { cacheFolder, needFile, type Options } from './options.js';
import { saveRows, snappyParquet } from './save-rows.js';
import { mulberry32 } from './synth.js';

const SEED = 7;

/** The column `text` of a Parquet file, trimmed. */
export async function readTexts(file: string): Promise<string[]> {
  const source = await storageFor(file).open(file);
  const { groups } = await parquet.plan(source);
  const texts: string[] = [];
  for (let group = 0; group < groups.length; group++)
    for await (const batch of parquet.read(source, group, ['text']))
      for (const text of batch.getChildAt(0)!) texts.push(String(text).trim());
  return texts;
}

const COLUMNS = {
  uid: new Utf8(),
  url: new Utf8(),
  text: new Utf8(),
  width: new Int32(),
  height: new Int32(),
  clip: new Float32(),
};

/**
 * The file of `rows` rows, made once: uid, url, text `"<caption> #<i / captions>"`, width 100..1599, height 100..1199, and clip, normal with
 * mean 0.3 and deviation 0.05. Snappy, row groups of 131,072.
 */
export async function captionRows(options: Options, rows: number): Promise<string> {
  const file = join(cacheFolder(options, 'captions'), `captions-${rows}.parquet`);
  if (existsSync(file)) return file;
  await writeRows(file, await readTexts(needFile(options.captions, 'captions')), 0, rows, mulberry32(SEED));
  return file;
}

/** The same rows dealt to a file for each of the nights, `pairs.parquet` below `<folder>/<night>`, made once. Returns the folder. */
export async function captionNights(options: Options, rows: number, nights: readonly string[]): Promise<string> {
  const folder = cacheFolder(options, `captions-${rows}-${nights.length}-nights`);
  const random = mulberry32(SEED);
  const each = Math.floor(rows / nights.length);
  const missing = nights.some((night) => !existsSync(join(folder, night, 'pairs.parquet')));
  if (!missing) return folder;
  const texts = await readTexts(needFile(options.captions, 'captions'));
  for (const [n, night] of nights.entries()) {
    mkdirSync(join(folder, night), { recursive: true });
    await writeRows(join(folder, night, 'pairs.parquet'), texts, n * each, (n + 1) * each, random);
  }
  return folder;
}

async function writeRows(file: string, texts: readonly string[], first: number, end: number, random: () => number) {
  const uniform = (from: number, to: number) => from + Math.floor(random() * (to - from));
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const schema = new Schema(Object.entries(COLUMNS).map(([name, type]) => new Field(name, type, true)));
  await saveRows(file, {
    schema,
    writer: snappyParquet(schema),
    rows: end - first,
    columns(from, length) {
      const row = Array.from({ length }, (_, i) => first + from + i);
      const width = Int32Array.from(row, () => uniform(100, 1600));
      const height = Int32Array.from(row, () => uniform(100, 1200));
      const clip = Float32Array.from(row, () => Math.min(1, Math.max(0, 0.3 + 0.05 * normal())));
      return [
        utf8(row.map((i) => i.toString(16).padStart(16, '0'))),
        utf8(row.map((i) => `https://example.com/img/${String(i).padStart(8, '0')}.jpg`)),
        utf8(row.map((i) => `${texts[i % texts.length]} #${Math.floor(i / texts.length)}`)),
        makeData({ type: COLUMNS.width, length, data: width }),
        makeData({ type: COLUMNS.height, length, data: height }),
        makeData({ type: COLUMNS.clip, length, data: clip }),
      ];
    },
  });
}

function utf8(strings: string[]) {
  return vectorFromArray(strings, new Utf8()).data[0]!;
}
