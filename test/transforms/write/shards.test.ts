import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shardName, shardRanges, unitsOf, weightsName } from '../../../transforms/write/shards.js';

const cut = fc.record({
  rows: fc.nat(10_000),
  shardRows: fc.integer({ min: 1, max: 3_000 }),
  keptShare: fc.double({ min: 0, max: 2, noNaN: true }),
});

test('shards cover the input once, in order, and differ by at most one row', () => {
  fc.assert(
    fc.property(cut, ({ rows, shardRows, keptShare }) => {
      const ranges = shardRanges(rows, shardRows, keptShare);
      let at = 0;
      ranges.forEach(({ index, from, to }, i) => {
        assert.equal(index, i);
        assert.equal(from, at);
        assert.ok(to > from, 'no range is empty');
        at = to;
      });
      assert.equal(at, rows);
      const sizes = ranges.map((r) => r.to - r.from);
      if (rows > 0) assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }),
  );
});

test('a shard is expected to keep the rows that were asked for', () => {
  assert.equal(shardRanges(1_000_000, 10_000, 0.3).length, 30);
  assert.deepEqual(shardRanges(10, 100, 0.5), [{ index: 0, from: 0, to: 10 }]);
  assert.deepEqual(shardRanges(0, 100, 0.5), []);
});

test('units keep shards whole and in order, and are long enough for a row group', () => {
  fc.assert(
    fc.property(cut, fc.integer({ min: 1, max: 5_000 }), ({ rows, shardRows, keptShare }, least) => {
      const ranges = shardRanges(rows, shardRows, keptShare);
      const units = unitsOf(ranges, least);
      assert.deepEqual(
        units.flatMap((u) => u.shards),
        ranges,
      );
      units.forEach(({ ordinal, shards }, i) => {
        assert.equal(ordinal, i);
        if (i < units.length - 1) assert.ok(shards.at(-1)!.to - shards[0]!.from >= least);
      });
    }),
  );
});

test('shards are named as TFDS names them', () => {
  assert.equal(shardName('pairs', 'train', 'tfrecord', 3, 12), 'pairs-train.tfrecord-00003-of-00012');
  assert.equal(shardName('pairs', 'train', 'parquet', 0, 1), 'pairs-train-00000-of-00001.parquet');
  assert.equal(shardName('pairs', 'train', 'arrow', 7, 1_234_567), 'pairs-train-0000007-of-1234567.arrow');
  assert.equal(weightsName('parquet', 1, 2), 'weights/weights-00001-of-00002.parquet');
});
