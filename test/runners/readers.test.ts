/** What a run writes, opened by programs that nobody here wrote: they agree with us on rows, bytes and order. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type RecordBatch, Utf8 } from 'apache-arrow';
import sharp from 'sharp';
import { demoBatch } from '../../scripts/demo-data.js';
import { run } from '../end-to-end/command.js';
import { batchOf, saveParquet } from '../end-to-end/inputs.js';
import { type Output, readOutput, readParquetFile, readWeights } from '../end-to-end/outputs.js';
import { scratch } from '../end-to-end/scratch.js';
import { findReaders } from './runners.js';

const python = await findReaders();
const options = {
  skip: python === undefined ? 'no Python with readers: node scripts/runners/install-readers.mjs' : false,
  timeout: 10 * 60_000,
};
const SCRIPT = fileURLToPath(new URL('../../../test/runners/read_output.py', import.meta.url));
const ROWS = 2_000;

function read<T>(...args: string[]): T {
  const text = execFileSync(python!, [SCRIPT, ...args], {
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  return JSON.parse(text.toString()) as T;
}

const digest = (bytes: unknown) =>
  createHash('sha256')
    .update(bytes as Uint8Array)
    .digest('hex');

interface Row {
  readonly id: string;
  readonly text: string;
  readonly image: string;
}

/** The rows of the balanced Parquet shards, by hyparquet. */
async function parquetRows(output: Output): Promise<Row[]> {
  const all: Row[] = [];
  for (const path of output.shards('parquet')) {
    const { names, rows } = await readParquetFile(path);
    const at = (name: string) => names.indexOf(name);
    for (const row of rows) {
      all.push({ id: row[at('id')] as string, text: row[at('text')] as string, image: digest(row[at('image')]) });
    }
  }
  return all;
}

/** Flags of a run that writes some rows twice. */
const REPEATS = ['--rate=1.4', '--balance.maximum=2'];

/** The demo's rows, through the real command. */
function balanced(folder: string, ...flags: string[]): Promise<string> {
  return balancedOf(demoBatch(5, 0, ROWS), folder, ...flags);
}

async function balancedOf(pairs: RecordBatch, folder: string, ...flags: string[]): Promise<string> {
  const input = join(folder, 'input');
  mkdirSync(input, { recursive: true });
  await saveParquet(join(input, 'pairs.parquet'), pairs, 300);
  const directory = join(folder, 'out');
  const { code, stderr } = await run([
    'balance',
    `--input=${input}`,
    `--output=${directory}`,
    '--attributes={female: {lexicon: gender, value: female}}',
    '--labels=[{lexicon: occupations}]',
    '--filters=[{words: {minimum: 4}}]',
    '--output.shardRows=200',
    ...flags,
  ]);
  assert.equal(code, 0, stderr);
  return directory;
}

interface Tfds {
  readonly rows: (Row & { weight: number; s_female: number; labels: string[]; tfds_id: string })[];
  readonly examples: number;
  readonly bytes: number;
  readonly hosts: number[];
  readonly decoded: number;
  /** Height and width of each image as it is decoded. */
  readonly sizes: readonly [number, number][];
  readonly splits: string[];
}

test('TensorFlow Datasets opens the output as it is, with images, tags and weights', options, async (t) => {
  const directory = await balanced(scratch(t), '--output.formats=[parquet, tfrecord]', ...REPEATS);
  const output = readOutput(directory);
  const expected = await parquetRows(output);
  const tfds = read<Tfds>('tfds', directory, 'train');
  assert.deepEqual(
    tfds.rows.map(({ id, text, image }) => ({ id, text, image })),
    expected,
  );
  assert.equal(tfds.examples, output.manifest.rows.written);
  assert.equal(tfds.decoded, expected.length);
  assert.deepEqual(tfds.splits, ['train']);
  const files = output.manifest.files.filter((f) => f.kind === 'shard' && f.format === 'tfrecord');
  assert.ok(files.length > 3);
  assert.equal(
    tfds.bytes,
    files.reduce((sum, f) => sum + f.bytes - 16 * f.rows!, 0),
  );
  assert.equal(
    tfds.hosts.reduce((a, b) => a + b),
    expected.length,
  );
  assert.ok(Math.max(...tfds.hosts) - Math.min(...tfds.hosts) <= 1);
  assert.equal(new Set(tfds.rows.map((r) => r.tfds_id)).size, expected.length);
  const weights = new Map((await readWeights(output.weights)).map((row) => [row.id, row]));
  for (const row of tfds.rows) {
    const known = weights.get(row.id)!;
    const female = known.attributes.s_female;
    assert.equal(row.weight, Math.fround(known.weight));
    assert.equal(row.s_female, female === null ? -1 : Number(female));
    assert.deepEqual(row.labels, known.labels);
  }
});

test(
  'images that nobody could decode end no run of TensorFlow Datasets or webdataset: they are not written',
  options,
  async (t) => {
    const demo = demoBatch(5, 0, ROWS);
    const webp = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .webp()
      .toBuffer();
    const gif = await sharp(webp).gif().toBuffer();
    const spoils = [null, new Uint8Array(), Buffer.from('no image'), gif, webp];
    const spoilt = batchOf(
      demo.schema.fields.map((f, i) => {
        const values = Array.from({ length: ROWS }, (_, row) =>
          f.name === 'image' && row % 5 === 0 ? spoils[(row / 5) % spoils.length] : demo.getChildAt(i)!.get(row),
        );
        return [f.name, { type: f.type, values }];
      }),
    );
    const written = async (format: string) => {
      const directory = await balancedOf(spoilt, scratch(t), `--output.formats=[${format}]`);
      const { rows } = readOutput(directory).report;
      const dropped = Object.entries(rows.dropped).filter(([reason]) => reason.startsWith('image: '));
      assert.ok(dropped.length >= 4, format);
      return { directory, rows: rows.written };
    };
    const records = await written('tfrecord');
    const tfds = read<Tfds>('tfds', records.directory, 'train');
    assert.deepEqual([tfds.rows.length, tfds.examples, tfds.decoded], [records.rows, records.rows, records.rows]);
    const tar = await written('webdataset');
    const pairs = read<{ size: [number, number]; text: string }[]>('open_clip', tar.directory);
    assert.equal(pairs.length, tar.rows);
    assert.ok(
      pairs.some(({ size }) => String(size) === '9,9'),
      'WebP is there',
    );
    assert.ok(pairs.every(({ text }) => text !== ''));
  },
);

test(
  'GIF and WebP, encoded again as small JPEGs, are decoded by TensorFlow Datasets; what is broken is not written',
  options,
  async (t) => {
    const demo = demoBatch(5, 0, ROWS);
    const large = sharp({ create: { width: 90, height: 60, channels: 3, background: 'red' } });
    const gif = await large.gif().toBuffer();
    const broken = await large.jpeg().toBuffer();
    // The end is there, so that only decoding shows it.
    broken.fill(0xff, 4, broken.length - 2);
    const spoils = [gif, await large.webp().toBuffer(), broken];
    const spoilt = batchOf(
      demo.schema.fields.map((f, i) => {
        const values = Array.from({ length: ROWS }, (_, row) =>
          f.name === 'image' && row % 5 === 0 ? spoils[(row / 5) % spoils.length] : demo.getChildAt(i)!.get(row),
        );
        return [f.name, { type: f.type, values }];
      }),
    );
    const images = ['--output.images.resize=12', '--output.images.quality=90'];
    const directory = await balancedOf(spoilt, scratch(t), '--output.formats=[parquet, tfrecord]', ...images);
    const output = readOutput(directory);
    const tfds = read<Tfds>('tfds', directory, 'train');
    assert.equal(tfds.decoded, output.manifest.rows.written);
    assert.deepEqual(
      tfds.rows.map(({ id, text, image }) => ({ id, text, image })),
      await parquetRows(output),
    );
    assert.deepEqual(new Set(tfds.sizes.map(String)), new Set(['12,12', '12,18']), 'height and width');
    const { dropped } = output.report.rows;
    assert.ok(Object.keys(dropped).some((reason) => reason.startsWith('image: ')));
    assert.equal(dropped['image: other format'], undefined);
  },
);

test('two stages: a share of the examples is not balanced, and big_vision mixes them', options, async (t) => {
  const directory = await balanced(scratch(t), '--output.formats=[tfrecord]', '--output.stages=0.1');
  const balancedRows = readOutput(directory).manifest.rows.written;
  const raw = read<Tfds>('tfds', directory, 'raw');
  assert.deepEqual(raw.splits, ['raw', 'train']);
  assert.equal(raw.rows.length, raw.examples);
  assert.ok(new Set(raw.rows.map((r) => r.id)).size === raw.examples, 'each row once');
  const share = raw.examples / (raw.examples + balancedRows);
  // Five standard deviations of a binomial share.
  assert.ok(Math.abs(share - 0.1) < 5 * Math.sqrt(0.09 / (raw.examples + balancedRows)), `${share}`);

  const config = read<Record<string, any>>('big_vision', directory, 'batch_size=512');
  assert.deepEqual(config.input.data, { raw: 0.1, balanced: 0.9 });
  assert.equal(config.input.batch_size, 512);
  for (const [name, split] of [
    ['raw', 'raw'],
    ['balanced', 'train'],
  ] as const) {
    assert.deepEqual(config.input[name].data, { name: 'from_data_dir', data_dir: directory, split });
    assert.equal(config.input[name].shuffle_buffer_size, 250_000);
    assert.match(config.input[name].pp, /^decode\|resize\(224\)\|value_range\(-1,1\)\|/);
  }
  const second = read<Record<string, any>>('big_vision', directory, 'stage=balanced,resume=/w/checkpoint.bv');
  assert.equal(second.input.data.split, 'train');
  assert.equal(second.resume, '/w/checkpoint.bv');
});

test("big_vision's configuration is the paper's", options, async (t) => {
  const directory = await balanced(scratch(t), '--output.formats=[tfrecord]');
  const config = read<Record<string, any>>('big_vision', directory, '');
  assert.equal(config.input.batch_size, 16_384);
  assert.equal(config.input.shuffle_buffer_size, 250_000);
  assert.deepEqual(config.input.data, { name: 'from_data_dir', data_dir: directory, split: 'train' });
  assert.equal(config.model.temperature_init, 10);
  assert.equal(config.optax_name, 'big_vision.scale_by_adafactor');
  assert.equal(config.grad_clip_norm, 1);
  assert.equal(config.lr, 1e-3);
  assert.equal(config.wd, 1e-4);
  assert.deepEqual(config.schedule, { decay_type: 'rsqrt', warmup_steps: 5_000, cooldown_steps: 5_000 });
});

test(
  'webdataset, pyarrow, DuckDB, Polars and Hugging Face datasets agree on rows, bytes and order',
  options,
  async (t) => {
    const directory = await balanced(scratch(t), '--output.formats=[parquet, arrow, webdataset]', ...REPEATS);
    const output = readOutput(directory);
    const expected = await parquetRows(output);
    assert.equal(expected.length, output.manifest.rows.written);

    const samples = read<(Row & { key: string; labels: string[]; s_female: number; fields: string[] })[]>(
      'webdataset',
      directory,
    );
    assert.deepEqual(
      samples.map(({ id, text, image }) => ({ id, text, image })),
      expected,
    );
    const weights = new Map((await readWeights(output.weights)).map((row) => [row.id, row]));
    const copies = new Map<string, number>();
    for (const { key, id, labels, s_female, fields } of samples) {
      const copy = copies.get(id) ?? 0;
      copies.set(id, copy + 1);
      assert.equal(key, copy === 0 ? id : `${id}-${copy}`);
      const known = weights.get(id)!;
      assert.deepEqual(labels, known.labels);
      assert.equal(s_female, known.attributes.s_female === null ? -1 : Number(known.attributes.s_female));
      assert.ok(fields.includes('weight') && fields.includes('url'));
    }

    for (const [reader, rows] of Object.entries(read<Record<string, Row[]>>('tables', directory))) {
      assert.deepEqual(rows, expected, reader);
    }

    const hub = read<{ splits: object; rows: Row[]; weights: number }>('hugging_face', directory);
    assert.deepEqual(hub.splits, { train: expected.length });
    assert.deepEqual(hub.rows, expected);
    assert.equal(hub.weights, ROWS);
  },
);

test('NumPy opens a DataComp subset: uids sorted, repeats kept', options, async (t) => {
  const folder = scratch(t);
  const uids = Array.from({ length: ROWS }, (_, i) => createHash('md5').update(String(i)).digest('hex'));
  const demo = demoBatch(5, 0, ROWS);
  const text = Array.from({ length: ROWS }, (_, i) => demo.getChild('text')!.get(i));
  mkdirSync(join(folder, 'input'));
  const columns = { uid: uids, text };
  const batch = batchOf(Object.entries(columns).map(([name, values]) => [name, { type: new Utf8(), values }]));
  await saveParquet(join(folder, 'input', 'pairs.parquet'), batch, 300);
  const directory = join(folder, 'out');
  const { code, stderr } = await run([
    'balance',
    `--input=${join(folder, 'input')}`,
    `--output=${directory}`,
    '--attributes={female: {lexicon: gender, value: female}}',
    '--output.formats=[datacomp]',
    '--output.shardRows=100',
    '--rate=1.4',
    '--balance.maximum=2',
  ]);
  assert.equal(code, 0, stderr);
  const weights = await readWeights(readOutput(directory).weights);
  const expected = weights.flatMap(({ id, copies }) => Array.from({ length: copies }, () => id!)).sort();
  assert.ok(new Set(expected).size < expected.length);
  assert.deepEqual(read<string[]>('datacomp', directory), expected);
});
