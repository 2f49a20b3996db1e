/** What Cloud Storage needs and no network shows: waits, blocks, checksums, names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../schemas/errors.js';
import { crc32c, crc32cText } from '../../storage/crc32c.js';
import { folderListing, globListing, parseGcs } from '../../storage/gcs/names.js';
import { inParallel } from '../../storage/in-parallel.js';
import { below, beside, nameBelow } from '../../storage/index.js';
import { readAhead } from '../../storage/read-ahead.js';
import { delayBefore, isTransientStatus, retried, TransientError } from '../../storage/retry.js';

test('crc32c: the vectors of RFC 3720, B.4, in one piece and in two', () => {
  const vectors: [Uint8Array, number][] = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ];
  for (const [bytes, crc] of vectors) {
    assert.equal(crc32c(bytes), crc);
    for (const cut of [0, 1, 17, 32]) assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc);
  }
  assert.equal(crc32cText(0x8a9136aa), Buffer.from('8a9136aa', 'hex').toString('base64'));
});

test('which answers pass, and how long is waited: doubling, in the upper half at random, never above the maximum', () => {
  const passing = Array.from({ length: 600 }, (_, status) => status).filter(isTransientStatus);
  assert.deepEqual(passing, [408, 429, ...Array.from({ length: 100 }, (_, i) => 500 + i)]);
  const policy = { attempts: 8, firstDelayMs: 1000, maximumDelayMs: 32_000 };
  assert.deepEqual(
    [1, 2, 3, 5, 6, 9].map((next) => delayBefore(next, policy, 0, 1)),
    [1000, 2000, 4000, 16_000, 32_000, 32_000],
  );
  assert.equal(delayBefore(3, policy, 0, 0), 2000);
  assert.equal(delayBefore(1, policy, 7000, 0), 7000);
  assert.equal(delayBefore(1, policy, 1e9, 0), 32_000);
});

test('only failures that may pass are tried again, and those with progress between them are counted anew', async () => {
  const policy = { attempts: 3, firstDelayMs: 0, maximumDelayMs: 0 };
  const exhausted = (last: TransientError, attempts: number) => new Error(`${attempts}: ${last.message}`);
  let tries = 0;
  const fails = () => {
    tries++;
    return Promise.reject(new TransientError(`try ${tries}`));
  };
  await assert.rejects(retried(policy, fails, exhausted), /^Error: 3: try 3$/);
  tries = 0;
  // It gets on until the tenth.
  await assert.rejects(
    retried(policy, fails, exhausted, () => Math.min(10, tries)),
    /^Error: 12: try 12$/,
  );
  tries = 0;
  const broken = () => {
    tries++;
    return Promise.reject(new TypeError('a bug'));
  };
  await assert.rejects(retried(policy, broken, exhausted), /^TypeError: a bug$/);
  assert.equal(tries, 1);
});

test('whatever ranges are read, the bytes are right, and no more than two blocks are ahead', async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  const range = fc
    .tuple(fc.nat(5000), fc.nat(900))
    .map(([start, length]) => [start, Math.min(5000, start + length)] as const);
  // What a reader of one part after the other asks: it begins where it ended.
  const script = fc.array(fc.oneof(range, fc.record({ follow: fc.nat(400), gap: fc.nat(20) })), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(script, fc.integer({ min: 1, max: 600 }), async (reads, block) => {
      let furthest = 0;
      const read = readAhead(
        async (start, end) => {
          assert.ok(start <= end && end <= bytes.length);
          furthest = Math.max(furthest, end);
          return bytes.slice(start, end);
        },
        bytes.length,
        block,
      );
      let last = 0;
      let wanted = 0;
      for (const next of reads) {
        const [start, end] =
          'follow' in next ? [Math.min(5000, last + next.gap), Math.min(5000, last + next.gap + next.follow)] : next;
        assert.deepEqual(Buffer.from(await read(start, end)), Buffer.from(bytes.subarray(start, end)));
        wanted = Math.max(wanted, end);
        assert.ok(furthest <= wanted + 2 * block, `${furthest} bytes for ${wanted}`);
        last = end;
      }
    }),
  );
});

test('an error of a block that was fetched ahead is told to whoever reads it, and the next read tries again', async () => {
  let broken = false;
  let fetched = 0;
  const read = readAhead(
    async (start, end) => {
      fetched++;
      if (broken && start > 0) throw new Error('broken');
      return new Uint8Array(end - start);
    },
    1000,
    100,
  );
  await read(0, 10);
  broken = true;
  await assert.rejects(read(10, 20), /broken/);
  broken = false;
  assert.equal((await read(20, 30)).length, 10);
  assert.ok(fetched >= 3);
});

test('work in parallel: never more at once than allowed, everything done, the first error told after the rest has ended', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, item % 3));
    running--;
    if (item === 13) throw new Error('13');
    done.push(item);
  };
  await inParallel(
    Array.from({ length: 12 }, (_, i) => i),
    4,
    work,
  );
  assert.deepEqual([most, done.length], [4, 12]);
  await assert.rejects(inParallel([13, 1, 2, 3], 2, work), /^Error: 13$/);
  assert.equal(running, 0);
});

test('names: buckets and objects, and what is none', () => {
  assert.deepEqual(parseGcs('gs://bucket/a/b c?.x'), { bucket: 'bucket', object: 'a/b c?.x' });
  assert.deepEqual(parseGcs('GS://bucket'), { bucket: 'bucket', object: '' });
  assert.deepEqual(parseGcs('gs://bucket//a/../b'), { bucket: 'bucket', object: '/a/../b' });
  for (const wrong of [
    'gs://',
    'gs://B/x',
    'gs://bucket*/x',
    'gs://b/..',
    'gs://bucket/..',
    'gs://bucket/.',
    'gs://bucket/a\nb',
    `gs://bucket/${'é'.repeat(513)}`,
    's3://bucket/x',
    'gs://bu?ck/x',
  ]) {
    assert.throws(() => parseGcs(wrong), InputError, wrong);
  }
});

test('globs ask for their longest fixed beginning, and go no deeper than they can match', () => {
  const cases: [string, prefix: string, flat: boolean, matches: string[], misses: string[]][] = [
    ['d/part-*.parquet', 'd/part-', true, ['d/part-1.parquet'], ['d/part-1/x.parquet', 'd/part-1.arrow', 'd/.parquet']],
    ['d/**/x.arrow', 'd/', false, ['d/x.arrow', 'd/a/b/x.arrow'], ['d/a/y.arrow', 'e/x.arrow']],
    ['{a,b}/[0-9].p', '', false, ['a/1.p', 'b/9.p'], ['c/1.p', 'a/x.p']],
    ['d/*', 'd/', true, ['d/x'], ['d/.hidden', 'd/x/y']],
  ];
  for (const [glob, prefix, flat, matches, misses] of cases) {
    const listing = globListing(glob)!;
    assert.deepEqual([listing.prefix, listing.flat], [prefix, flat], glob);
    for (const object of matches) assert.ok(listing.matches(object), `${glob} ${object}`);
    for (const object of misses) assert.ok(!listing.matches(object), `${glob} ${object}`);
  }
  assert.equal(globListing('d/a.parquet'), undefined);
  assert.equal(folderListing('', undefined).prefix, '');
  assert.ok(folderListing('_d', ['.x']).matches('_d/a/b.X'), 'the folder itself may have any name');
});

test('paths below and beside a folder, of a disk and of a bucket', () => {
  assert.equal(below('gs://b/out/', 'a', 'c'), 'gs://b/out/a/c');
  assert.equal(below('/out/', 'a', 'c'), '/out/a/c');
  for (const folder of ['gs://b/out', 'gs://b/out/', '/out', '/out/']) {
    assert.equal(nameBelow(folder, below(folder, 'a', 'c')), 'a/c', folder);
  }
  assert.deepEqual(
    ['gs://b/out', 'gs://b/o/', '/out/'].map((folder) => beside(folder, '.partial')),
    ['gs://b/out.partial', 'gs://b/o.partial', '/out.partial'],
  );
  for (const bucket of ['gs://b', 'gs://b/', 'gs://b//'])
    assert.throws(() => beside(bucket, '.partial'), /got a bucket/);
});
