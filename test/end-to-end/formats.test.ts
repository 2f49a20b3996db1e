/** Formats and orders x promises: whatever the shards are, no row is lost, the same rows give the same bytes, and nothing is visible before all is. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { Utf8, vectorFromArray } from 'apache-arrow';
import sharp from 'sharp';
import { runBalance } from '../../pipelines/index.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../../schemas/config.js';
import type { ImagesConfig } from '../../schemas/output.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { batchOf, saveParquet } from './inputs.js';
import { type Output, readArrowFile, readExamples, readOutput, readParquetFile, readWeights } from './outputs.js';
import { digests, filesBelow, scratch } from './scratch.js';

const ROWS = 1_200;

/** Where images are encoded again, which takes its time. */
const ENCODED_ROWS = 300;

/** The demo's rows with uids of 128 bits, and an image of each. */
const batch = (() => {
  const demo = demoBatch(9, 0, ROWS);
  const uids = Array.from({ length: ROWS }, (_, i) => createHash('md5').update(String(i)).digest('hex'));
  const id = vectorFromArray(uids, new Utf8()).data[0]!;
  return batchOf(
    demo.schema.fields.map((f, i) => {
      const column = demo.getChildAt(i)!;
      const values = f.name === 'uid' ? uids : Array.from({ length: ROWS }, (_, row) => column.get(row));
      return [f.name, { type: f.name === 'uid' ? id.type : f.type, values }];
    }),
  );
})();

async function input(folder: string, rowGroupRows: number, rows = ROWS): Promise<string> {
  const path = join(folder, 'input');
  mkdirSync(path, { recursive: true });
  await saveParquet(join(path, 'pairs.parquet'), batch.slice(0, rows), rowGroupRows);
  return path;
}

type Shuffle = 'none' | 'global';

/** Images as they were read, or encoded again. */
const ENCODED: ImagesConfig = { format: 'jpeg', resize: 8, quality: 80 };

interface Kind {
  readonly format: OutputFormat;
  readonly shuffle: Shuffle;
  readonly images?: ImagesConfig;
}

function settings(files: string, directory: string, { format, shuffle, images }: Kind) {
  return parseConfig({
    input: { files },
    filters: [{ words: { minimum: 6 } }],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { fit: 'exact', rate: 1.2, maximum: 3 },
    output: {
      directory,
      formats: [format],
      shardRows: images === undefined ? 120 : 30,
      stages: 0.25,
      shuffle,
      ...(images && { images }),
    },
  });
}

/** A row as every format has it; no image where a format has none. */
interface Row {
  readonly id: string;
  readonly image?: string;
  /** Of a sample in a WebDataset. */
  readonly key?: string;
}

const digest = (bytes: unknown) =>
  createHash('sha1')
    .update(bytes as Uint8Array)
    .digest('hex');

/** The files of a tar archive, read as the standard has it and not as the writer does. */
function* tarFiles(bytes: Buffer): Generator<{ name: string; body: Buffer }> {
  assert.equal(bytes.length % 512, 0);
  for (let at = 0; bytes[at] !== 0; ) {
    const header = bytes.subarray(at, at + 512);
    const text = (from: number, to: number) => header.subarray(from, to).toString('latin1').split('\0')[0]!;
    assert.equal(text(257, 263), 'ustar');
    const sum = header.reduce((s, byte, i) => s + (i >= 148 && i < 156 ? 32 : byte), 0);
    assert.equal(Number.parseInt(text(148, 156), 8), sum, 'the checksum of the header');
    const size = Number.parseInt(text(124, 136), 8);
    yield { name: text(0, 100), body: bytes.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

const reads: Record<OutputFormat, (path: string) => Promise<Row[]>> = {
  async parquet(path) {
    const { names, rows } = await readParquetFile(path);
    return rows.map((row) => ({
      id: String(row[names.indexOf('id')]),
      image: digest(row[names.indexOf('image')] ?? ''),
    }));
  },
  async arrow(path) {
    const rows = readArrowFile(path).toArray();
    return rows.map((row) => ({ id: row!.id, image: digest(row!.image) }));
  },
  async tfrecord(path) {
    return (await readExamples(path)).map((example) => ({
      id: Buffer.from(example.get('id')!.values[0] as Uint8Array).toString(),
      image: digest(example.get('image')!.values[0]),
    }));
  },
  async webdataset(path) {
    const rows: Row[] = [];
    let [key, image] = ['', ''];
    const seen = new Set<string>();
    for (const { name, body } of tarFiles(readFileSync(path))) {
      const [of, ending] = name.split('.') as [string, string];
      if (of !== key) assert.ok(!seen.has(of), `${of} is not side by side`);
      seen.add(of);
      key = of;
      if (ending === 'png' || ending === 'jpg') image = digest(body);
      if (ending !== 'json') continue;
      const { id } = JSON.parse(body.toString());
      rows.push({ id, image, key });
    }
    return rows;
  },
  async datacomp(path) {
    const bytes = readFileSync(path);
    const start = 10 + bytes.readUInt16LE(8);
    const half = (at: number) => bytes.readBigUInt64LE(at).toString(16).padStart(16, '0');
    return Array.from({ length: (bytes.length - start) / 16 }, (_, i) => ({
      id: half(start + 16 * i) + half(start + 16 * i + 8),
    }));
  },
};

const pathsOf = (output: Output, directory: string, kinds: readonly string[], split: string) =>
  output.manifest.files
    .filter((f) => kinds.includes(f.kind) && f.path.startsWith(`pairs-${split}`))
    .map((f) => join(directory, f.path));

async function rowsOf(format: OutputFormat, directory: string, split: string): Promise<Row[]> {
  const kinds = format === 'datacomp' ? ['subset'] : [split === 'raw' ? 'raw' : 'shard'];
  const paths = pathsOf(readOutput(directory), directory, kinds, split);
  return (await Promise.all(paths.map(reads[format]))).flat();
}

/** Files whose bytes depend on the rows alone: the others name the input or the output. */
function promised(directory: string): Record<string, string> {
  const apart = /^(report|manifest|duals|counts.state|README)\./;
  return Object.fromEntries(Object.entries(digests(directory)).filter(([path]) => !apart.test(path)));
}

const images = new Map(
  Array.from({ length: ROWS }, (_, row) => [
    batch.getChild('uid')!.get(row) as string,
    digest(batch.getChild('image')!.get(row)),
  ]),
);

/** Of the images as sharp makes them, asked here without us. */
const encoded = async () =>
  new Map(
    await Promise.all(
      Array.from({ length: ENCODED_ROWS }, async (_, row) => {
        const image = sharp(batch.getChild('image')!.get(row)).resize(8, 8).jpeg({ quality: 80 });
        return [batch.getChild('uid')!.get(row) as string, digest(await image.toBuffer())] as const;
      }),
    ),
  );

/** Share of the places that another id is at. */
function moved(ids: readonly string[], expected: readonly string[]): number {
  return ids.filter((id, i) => id !== expected[i]).length / ids.length;
}

/** Repeats of an id are `id-1`, `id-2` …, in this order where the rows are in that of the input. */
function checkKeys(rows: readonly Row[], shuffle: Shuffle): void {
  const keys = new Map<string, string[]>();
  for (const { id, key } of rows) if (key !== undefined) keys.set(id, [...(keys.get(id) ?? []), key]);
  for (const [id, own] of keys) {
    const expected = own.map((_, copy) => (copy === 0 ? id : `${id}-${copy}`));
    assert.deepEqual(shuffle === 'none' ? own : own.sort(), expected);
  }
}

const TABLE: readonly Kind[] = [
  ...OUTPUT_FORMATS.flatMap((format) => (['none', 'global'] as const).map((shuffle) => ({ format, shuffle }))),
  ...(['parquet', 'arrow', 'tfrecord', 'webdataset'] as const).map((format) => ({
    format,
    shuffle: format === 'tfrecord' ? ('global' as const) : ('none' as const),
    images: ENCODED,
  })),
];

const nameOf = ({ format, shuffle, images }: Kind) =>
  `${format}${shuffle === 'none' ? '' : ', shuffled'}${images === undefined ? '' : ', images encoded again'}`;

for (const kind of TABLE) {
  const { format, shuffle } = kind;
  const all = kind.images === undefined ? ROWS : ENCODED_ROWS;
  describe(nameOf(kind), { timeout: 5 * 60_000 }, () => {
    test('conservation: every copy of every row is there, in the order wanted, with its image', async (t) => {
      const folder = scratch(t);
      const directory = join(folder, 'out');
      await runBalance(settings(await input(folder, 400, all), directory, kind));
      const output = readOutput(directory);
      const weights = await readWeights(output.weights);
      assert.equal(weights.length, all);
      const expected = weights.flatMap(({ id, copies }) => Array.from({ length: copies }, () => id!));
      assert.ok(expected.length > new Set(expected).size, 'some rows repeat');
      const rows = await rowsOf(format, directory, 'train');
      const ids = rows.map((row) => row.id);
      if (shuffle === 'global' && format !== 'datacomp') {
        assert.ok(moved(ids, expected) > 0.9, 'hardly a row is where it was');
        ids.sort();
        expected.sort();
      }
      assert.deepEqual(ids, format === 'datacomp' ? expected.sort() : expected);
      checkKeys(rows, shuffle);
      const raw = await rowsOf(format, directory, 'raw');
      const kept = new Set(weights.filter(({ reason }) => !reason?.startsWith('words')).map(({ id }) => id));
      assert.ok(raw.length > 0 && raw.every(({ id }) => kept.has(id)));
      const expectedImages = kind.images === undefined ? images : await encoded();
      for (const { id, image } of [...rows, ...raw])
        if (image !== undefined) assert.equal(image, expectedImages.get(id));
      const versions = kind.images && { sharp: sharp.versions.sharp, libvips: sharp.versions.vips };
      assert.deepEqual(output.manifest.encoder, versions);
      const listed = output.manifest.files.filter((f) => ['shard', 'subset'].includes(f.kind));
      assert.equal(
        listed.filter((f) => f.path.startsWith('pairs-train')).reduce((sum, f) => sum + f.rows!, 0),
        output.manifest.rows.written,
      );
    });

    test('determinism: other row groups, the same bytes', async (t) => {
      const [a, b] = [scratch(t), scratch(t)];
      await runBalance(settings(await input(a, all, all), join(a, 'out'), kind));
      await runBalance(settings(await input(b, 90, all), join(b, 'out'), kind));
      assert.deepEqual(promised(join(b, 'out')), promised(join(a, 'out')));
      assert.ok(Object.keys(promised(join(a, 'out'))).length > 2);
    });

    test('atomicity: stopped half-way nothing is visible, and the same run again ends with the same bytes', async (t) => {
      const folder = scratch(t);
      const directory = join(folder, 'out');
      const config = settings(await input(folder, 50, all), directory, kind);
      await runBalance(config);
      const expected = promised(directory);
      rmSync(directory, { recursive: true });
      const partial = `${directory}.partial`;
      const records = () => filesBelow(partial).filter((file) => dirname(file).endsWith(join('work', 'shards')));
      const stop = new AbortController();
      const watch = setInterval(() => {
        if (records().length >= 3) stop.abort(new Error('enough'));
      }, 1);
      await assert.rejects(runBalance(config, { signal: stop.signal }), /enough/).finally(() => clearInterval(watch));
      assert.deepEqual(filesBelow(directory), []);
      for (const shard of records().filter((_, i) => i % 2 === 0)) rmSync(join(partial, shard));
      await runBalance(config);
      assert.deepEqual(promised(directory), expected);
      assert.deepEqual(filesBelow(partial), []);
    });
  });
}

/** Images that cannot be used. */
const SPOILS: readonly ((image: Uint8Array) => Uint8Array | null)[] = [
  () => null,
  () => new Uint8Array(),
  () => Buffer.from('no image at all'),
  (image) => image.subarray(0, image.length - 9),
];
const WEBP = Buffer.from('524946461600000057454250 5650384c0a0000002f0600010000000000'.replace(' ', ''), 'hex');

/** The rows with an image of another kind in every seventh, each kind in turn. */
function spoilt(spoils: typeof SPOILS) {
  return batchOf(
    batch.schema.fields.map((f, i) => {
      const values = Array.from({ length: ROWS }, (_, row) => {
        const value = batch.getChildAt(i)!.get(row);
        return f.name !== 'image' || row % 7 !== 0 ? value : spoils[(row / 7) % spoils.length]!(value);
      });
      return [f.name, { type: f.type, values }];
    }),
  );
}

const GIF = Buffer.from('47494638396101000100800000000000ffffff2c00000000010001000002024401003b', 'hex');

for (const format of ['tfrecord', 'webdataset'] as const) {
  const other = format === 'tfrecord' ? WEBP : GIF;
  const name = `${format} has no image that a trainer could not decode: null, empty, no image, cut off, ${other === GIF ? 'GIF' : 'WebP'}`;
  test(`${name}; each row is counted by its reason`, async (t) => {
    const folder = scratch(t);
    const files = join(folder, 'pairs.parquet');
    const spoils = [...SPOILS, () => other];
    await saveParquet(files, spoilt(spoils), 200);
    const directory = join(folder, 'out');
    const config = settings(files, directory, { format, shuffle: 'none' });
    await runBalance({ ...config, filters: [] });
    const output = readOutput(directory);
    const count = Math.ceil(ROWS / 7);
    const of = (kind: number) => Math.floor((count - 1 - kind) / spoils.length) + 1;
    const { dropped } = output.report.rows;
    assert.deepEqual(
      ['null', 'empty', 'no image', 'cut off', 'other format'].map((reason) => dropped[`image: ${reason}`]),
      [0, 1, 2, 3, 4].map(of),
    );
    const weights = await readWeights(output.weights);
    assert.equal(weights.length, ROWS);
    weights.forEach(({ reason }, row) => {
      assert.equal(reason?.startsWith('image: ') ?? false, row % 7 === 0, `row ${row}: ${reason}`);
    });
    for (const split of ['train', 'raw']) {
      const rows = await rowsOf(format, directory, split);
      assert.ok(rows.length > 0);
      for (const { id, image } of rows) assert.equal(image, images.get(id));
    }
  });
}

test('images encoded again: a row drawn whose image cannot be is not written, by a reason of its own, and every row is counted', async (t) => {
  const folder = scratch(t);
  const files = join(folder, 'pairs.parquet');
  const gif = await sharp({ create: { width: 20, height: 12, channels: 3, background: 'red' } })
    .gif()
    .toBuffer();
  const whole = await sharp(gif).webp().toBuffer();
  // Of a broken picture the end is there, so that only decoding shows it.
  const broken = (image: Uint8Array) => Buffer.from(image).fill(0x5a, 45, image.length - 20);
  await saveParquet(files, spoilt([() => null, () => new Uint8Array(), () => gif, () => whole, broken]), 200);
  const kinds = ['null', 'empty', 'gif', 'webp', 'broken'] as const;
  const kindOf = (row: number) => (row % 7 === 0 ? kinds[(row / 7) % kinds.length] : undefined);
  for (const format of ['tfrecord', 'parquet'] as const) {
    const directory = join(folder, format);
    const config = settings(files, directory, { format, shuffle: 'none', images: ENCODED });
    await runBalance({ ...config, filters: [] });
    const output = readOutput(directory);
    const weights = await readWeights(output.weights);
    assert.equal(weights.length, ROWS);
    const { read, kept, written, dropped } = output.report.rows;
    assert.equal(kept + Object.values(dropped).reduce((a, b) => a + b, 0), read);
    const reasons = new Map<string, number>();
    weights.forEach(({ reason, copies, weight }, row) => {
      if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      const lost = kindOf(row) === 'broken' && reason === 'image: not re-encoded';
      assert.equal(reason === 'image: not re-encoded', lost, `row ${row}: ${reason}`);
      if (kindOf(row) === 'broken') assert.equal(copies, 0);
      if (lost) assert.ok(weight > 0);
      const filtered = format === 'tfrecord' && ['null', 'empty'].includes(kindOf(row) ?? '');
      assert.equal(reason?.startsWith('image: ') ?? false, lost || filtered, `row ${row}: ${reason}`);
    });
    assert.deepEqual(Object.fromEntries([...reasons].sort()), Object.fromEntries(Object.entries(dropped).sort()));
    assert.ok(reasons.get('image: not re-encoded')! > 10);
    assert.equal(
      weights.reduce((sum, { copies }) => sum + copies, 0),
      written,
    );
    const resampled = output.report.bias.find(({ stage }) => stage === 'resampled')!;
    assert.equal(resampled.weight, written);
    const byId = new Map(weights.map(({ id }, row) => [id!, row]));
    const rows = [...(await rowsOf(format, directory, 'train')), ...(await rowsOf(format, directory, 'raw'))];
    const seen = new Set(rows.map(({ id }) => kindOf(byId.get(id)!)));
    assert.deepEqual(seen.has('broken'), false);
    assert.ok(seen.has('gif') && seen.has('webp'));
    assert.equal(seen.has('null'), format !== 'tfrecord');
    if (format !== 'parquet') continue;
    for (const path of output.shards('parquet')) {
      const { names, rows: some } = await readParquetFile(path);
      for (const row of some) {
        const kind = kindOf(byId.get(row[names.indexOf('id')] as string)!);
        const size = [row[names.indexOf('width')], row[names.indexOf('height')]];
        if (kind === 'gif' || kind === 'webp') assert.deepEqual(size, [13, 8]);
        else if (kind === undefined) assert.deepEqual(size, [8, 8]);
        else assert.ok(row[names.indexOf('image')] == null && (size[0] as number) >= 100);
      }
    }
  }
});
