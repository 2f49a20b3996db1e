import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAXIMUM_WIDTH, readHybrid } from '../../formats/parquet-hybrid.js';

interface Run {
  readonly values: readonly number[];
  readonly bytes: readonly number[];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** Bit by bit, lowest first. */
function packed(values: readonly number[], width: number): number[] {
  const bits = values.flatMap((value) => Array.from({ length: width }, (_, bit) => Math.floor(value / 2 ** bit) % 2));
  return Array.from({ length: bits.length / 8 }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((sum, bit, b) => sum + bit * 2 ** b, 0),
  );
}

const runOf = (width: number): fc.Arbitrary<Run> => {
  const value = fc.nat(2 ** width - 1);
  return fc.oneof(
    fc.tuple(value, fc.integer({ min: 0, max: 300 })).map(([v, count]) => ({
      values: Array.from({ length: count }, () => v),
      bytes: [
        ...varint(count * 2),
        ...Array.from({ length: Math.ceil(width / 8) }, (_, i) => Math.floor(v / 256 ** i) % 256),
      ],
    })),
    fc.integer({ min: 1, max: 6 }).chain((groups) =>
      fc.array(value, { minLength: 8 * groups, maxLength: 8 * groups }).map((values) => ({
        values,
        bytes: [...varint(groups * 2 + 1), ...packed(values, width)],
      })),
    ),
  );
};

const runs = fc
  .integer({ min: 0, max: MAXIMUM_WIDTH })
  .chain((width) => fc.record({ width: fc.constant(width), runs: fc.array(runOf(width), { maxLength: 5 }) }));

const arrayFor = (width: number, count: number) =>
  width <= 8 ? new Uint8Array(count) : width <= 16 ? new Uint16Array(count) : new Int32Array(count);

test('runs of every width are read, wherever they lie and however many values are wanted', () => {
  fc.assert(
    fc.property(runs, fc.nat(9), fc.nat(9), fc.nat(), ({ width, runs: all }, before, behind, some) => {
      const values = all.flatMap((run) => run.values);
      const bytes = all.flatMap((run) => run.bytes);
      const file = Uint8Array.from([...Array(before).fill(0xff), ...bytes, ...Array(behind).fill(0xff)]);
      const count = some % (values.length + 1);
      const found = arrayFor(width, count + 2);
      assert.ok(readHybrid(file, before, before + bytes.length, width, found, 1, 1 + count));
      assert.deepEqual([...found], [0, ...values.slice(0, count), 0]);
      const one = arrayFor(width, values.length + 1);
      assert.equal(readHybrid(file, before, before + bytes.length, width, one, 0, one.length), false, 'one more');
      const end = before + bytes.length - 1;
      const last = all.at(-1);
      if (last !== undefined && last.values.length > 0 && last.bytes.length > 1 && width > 0) {
        assert.equal(readHybrid(file, before, end, width, one, 0, values.length), false, 'one byte less');
      }
    }),
  );
});

test('what cannot be is refused', () => {
  const three = new Uint8Array(3);
  const refused: [readonly number[], number][] = [
    [[], 1],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 1, 1], 1],
    // A value that the width does not have.
    [[6, 2], 1],
    [[6, 4], 2],
    [[6, 1], 9],
    [[6, 1, 0, 0, 0], MAXIMUM_WIDTH + 1],
    [[6, 1], -1],
    [[6, 1], Number.NaN],
    // 2^31 groups of which none is there.
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 1],
  ];
  for (const [bytes, width] of refused) {
    assert.equal(readHybrid(Uint8Array.from(bytes), 0, bytes.length, width, three, 0, 3), false, `${bytes} ${width}`);
  }
});
