/** WebDataset and TFRecord shards with images, read from gs:// by ranges: `balance` writes the same bytes as from a disk. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runBalance } from '../../pipelines/index.js';
import { ChangedError } from '../../schemas/errors.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { generator } from '../../scripts/demo-data.js';
import { run } from '../end-to-end/command.js';
import { readOutput } from '../end-to-end/outputs.js';
import { digests } from '../end-to-end/scratch.js';
import { archive, type Entry } from '../formats/tar-bytes.js';
import { BUCKET, options, startEmulator } from './gcs.js';

/** Samples of each shard: the first is longer than the 8 MiB that are read ahead at once. */
const SAMPLES = [170, 90, 1];
const IMAGE_BYTES = 56 << 10;
const WIDE = 640;
const NARROW = 8;

const DATA = /\.(parquet|arrow)$|tfrecord/;
const ATTEMPT = /^[0-9a-f]{16}-[0-9a-f]{8}\//;

function dataOf(files: Record<string, string>): Record<string, string> {
  const named = Object.entries(files).map(([path, digest]) => [path.replace(ATTEMPT, ''), digest] as const);
  return Object.fromEntries(named.filter(([path]) => DATA.test(path)).sort());
}

/** A PNG as far as its header tells, with noise that no compression makes smaller. */
function image(width: number, seed: number): Buffer {
  const noise = Buffer.alloc(IMAGE_BYTES);
  for (let at = 0, n = 0; at < noise.length; at += 32, n++) {
    createHash('sha256').update(`${seed} ${n}`).digest().copy(noise, at);
  }
  const head = Buffer.from('89504e470d0a1a0a0000000d494844520000000000000005080200000000000000', 'hex');
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(width, 20);
  const data = Buffer.from('0000000049444154', 'hex');
  data.writeUInt32BE(noise.length, 0);
  return Buffer.concat([head, data, noise, Buffer.alloc(4), Buffer.from('0000000049454e44ae426082', 'hex')]);
}

function shard(number: number, samples: number): Uint8Array {
  const random = generator(number + 1);
  const entries: Entry[] = [];
  for (let i = 0; i < samples; i++) {
    const who = random() < 0.3 ? 'a woman' : 'a man';
    const what = random() < 0.4 ? 'a nurse' : 'a chef';
    const key = `${number}/${String(i).padStart(5, '0')}`;
    entries.push(
      { name: `${key}.png`, body: image(i % 9 === 4 ? NARROW : WIDE, number * 1000 + i) },
      { name: `${key}.json`, body: JSON.stringify({ place: i, ...(number === 1 && { extra: 0.5 }) }) },
      { name: `${key}.txt`, body: `${who} who is ${what}` },
    );
  }
  return archive(...entries);
}

const configOf = (files: string[], directory: string, shuffle = 'none') => ({
  input: { files },
  filters: [{ image: {} }, { side: { minimum: 10 } }],
  attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
  balance: { rate: 0.7, tolerance: { representation: 0.2, association: 0.5 } },
  output: { directory, formats: ['parquet', 'tfrecord'], shardRows: 60, shuffle },
  report: { rates: 0 },
});

const emulator = options.skip ? undefined! : await startEmulator();
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-gs-'));
after(() => rmSync(folder, { recursive: true }));
const tars = join(folder, 'tars');
mkdirSync(tars);
for (const [i, samples] of SAMPLES.entries()) {
  writeFileSync(join(tars, `0000${i}.tar`), shard(i, samples));
  // What img2dataset leaves beside a shard is no input of its own.
  writeFileSync(join(tars, `0000${i}_stats.json`), JSON.stringify({ count: samples, successes: samples }));
  writeFileSync(join(tars, `0000${i}.parquet`), 'never looked at');
}
const remoteTars = `gs://${BUCKET}/tars`;
if (!options.skip) await emulator.upload(tars, remoteTars);

describe('shards on gs://', options, () => {
  const sum = SAMPLES.reduce((a, b) => a + b);
  /** Balances the same files from both, and gives the local output. */
  async function requireSame(
    name: string,
    local: string[],
    remote: string[],
    rows: number,
    shuffle?: string,
  ): Promise<string> {
    const [onDisk, there] = [join(folder, name), `gs://${BUCKET}/${name}/out`];
    const first = await runBalance(parseConfig(configOf(local, onDisk, shuffle)));
    const second = await runBalance(parseConfig(configOf(remote, there, shuffle)));
    for (const { report } of [first, second]) {
      assert.equal(report.rows.read, rows);
      assert.equal(report.problems.count, 0, JSON.stringify(report.problems));
    }
    assert.deepEqual(second.report.rows, first.report.rows);
    assert.deepEqual(second.report.bias, first.report.bias);
    const expected = dataOf(digests(onDisk));
    assert.ok(Object.keys(expected).length >= 6, Object.keys(expected).join());
    assert.deepEqual(dataOf(await emulator.digests(there)), expected);
    return onDisk;
  }

  test('tar shards, then the TFRecord that is made of them, by gzip: the same shards, byte for byte', async () => {
    const output = await requireSame('from-tars', [tars], [remoteTars], sum);
    const records = join(folder, 'records');
    mkdirSync(records);
    const written = readdirSync(output).filter((name) => name.includes('.tfrecord-'));
    assert.ok(written.length > 1);
    for (const [i, name] of written.entries()) {
      writeFileSync(join(records, `${i}.tfrecord.gz`), gzipSync(readFileSync(join(output, name)), { level: 1 }));
    }
    await emulator.upload(records, `gs://${BUCKET}/records`);
    const { rows } = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
    assert.ok(rows.written > sum / 3 && rows.written < sum, `${rows.written}`);
    await requireSame('from-records', [records], [`gs://${BUCKET}/records/*.tfrecord.gz`], rows.written);
  });

  test('mixed by a global shuffle, pieces and shards on gs://: the same', async () => {
    const [mixed, ordered] = [join(folder, 'mixed'), join(folder, 'from-tars')];
    await requireSame('mixed', [tars], [remoteTars], sum, 'global');
    const sums = (output: string) => Object.values(dataOf(digests(output))).sort();
    assert.notDeepEqual(sums(mixed), sums(ordered), 'mixed');
    assert.equal(readOutput(mixed).report.rows.written, readOutput(ordered).report.rows.written);
  });

  test('a tar by gzip, whose length nothing tells: the same', async () => {
    const zipped = join(folder, 'zipped');
    mkdirSync(zipped);
    for (const i of [0, 1]) {
      writeFileSync(join(zipped, `${i}.tar.gz`), gzipSync(readFileSync(join(tars, `0000${i}.tar`)), { level: 1 }));
    }
    await emulator.upload(zipped, `gs://${BUCKET}/zipped`);
    await requireSame('from-zipped', [zipped], [`gs://${BUCKET}/zipped`], SAMPLES[0]! + SAMPLES[1]!);
  });

  test('a shard that is cut off is told by its URL and member, and nothing is published', async () => {
    const cut = readFileSync(join(tars, '00001.tar')).subarray(0, 200_000);
    const bad = join(folder, 'bad');
    mkdirSync(bad);
    writeFileSync(join(bad, '00000.tar'), readFileSync(join(tars, '00000.tar')));
    writeFileSync(join(bad, '00001.tar'), cut);
    await emulator.upload(bad, `gs://${BUCKET}/bad`);
    const { output, ...rest } = configOf([`gs://${BUCKET}/bad`], `gs://${BUCKET}/bad-out`);
    const { code, stderr } = await run([
      ...['balance', '--input', `gs://${BUCKET}/bad`, '--output', output.directory, '--quiet'],
      ...['--filters', JSON.stringify(rest.filters), '--attributes', JSON.stringify(rest.attributes)],
    ]);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /gs:\/\/data\/bad\/00001\.tar.*member \d+/s);
    assert.deepEqual(await emulator.storage.listFiles(output.directory), []);
  });

  test('a shard that is replaced while it is read ends the run, which says so', async () => {
    const own = `gs://${BUCKET}/replaced/in`;
    await emulator.upload(tars, own);
    let replaced: Promise<unknown> | undefined;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'weight, resample, write') replaced ??= emulator.upload(tars, own);
    };
    const config = parseConfig(configOf([own], `gs://${BUCKET}/replaced/out`));
    await assert.rejects(runBalance(config, { onProgress, onLog: () => undefined }), (error) => {
      assert.ok(error instanceof ChangedError, String(error));
      assert.match(error.message, /gs:\/\/data\/replaced\/in\/0000\d\.tar: .*replaced since/);
      return true;
    });
    await replaced;
    assert.deepEqual(await emulator.digests(`gs://${BUCKET}/replaced/out`), {});
  });
});
