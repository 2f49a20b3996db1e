import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dictionary, Float64, Int32, Int64, Uint64, Utf8, vectorFromArray } from 'apache-arrow';
import { InputError } from '../../../schemas/errors.js';
import { hashIds } from '../../../transforms/filter/hash.js';
import { murmur3Pair, murmur3Wide } from '../../../transforms/filter/murmur3.js';

/** SMHasher's verification value: the hash of the hashes of 0, 01, 012, ... under the seeds 256, 255, ... */
function verification(
  words: number,
  hash: (bytes: Uint8Array, end: number, seed: number, out: Uint32Array) => void,
): number {
  const key = Uint8Array.from({ length: 256 }, (_, i) => i);
  const hashes = new Uint32Array(256 * words);
  const out = new Uint32Array(4);
  for (let i = 0; i < 256; i++) {
    hash(key, i, 256 - i, out);
    hashes.set(out.subarray(0, words), i * words);
  }
  hash(new Uint8Array(hashes.buffer), hashes.byteLength, 0, out);
  return out[0]!;
}

test('the hashes are those of SMHasher', () => {
  assert.equal(
    verification(4, (bytes, end, seed, out) => murmur3Wide(bytes, 0, end, seed, out, 0)),
    0xb3ece62a,
  );
  assert.equal(
    verification(1, (bytes, end, seed, out) => murmur3Pair(bytes, 0, end, seed, 0, out)),
    0xb0f57ee3,
  );
  assert.equal(
    verification(1, (bytes, end, seed, out) => {
      murmur3Pair(bytes, 0, end, 0, seed, out);
      out[0] = out[1]!;
    }),
    0xb0f57ee3,
  );
});

function hashed(values: readonly unknown[], type: never, seed = 1): number[] {
  const data = vectorFromArray(values as never[], type).data[0]!;
  const out = new Float64Array(values.length);
  hashIds(data, seed, out);
  return [...out];
}

// From an implementation in Python, written apart from this one.
const GOLDEN = [0.3175988585824947, 0.34586888278311956, 0.08508566730026323, 0.057200898622638885];
const GOLDEN_SEED_2 = [0.8114014989003034];

test('hashes of ids never change', () => {
  assert.deepEqual(hashed(['', 'a', '0001', 'ünï'], new Utf8() as never), GOLDEN);
  assert.deepEqual(hashed(['a'], new Utf8() as never, 2), GOLDEN_SEED_2);
});

test('an integer hashes as its decimal string, whatever its type, and a dictionary as its strings', () => {
  const strings = hashed(['7', '-12', '2000000000'], new Utf8() as never);
  assert.deepEqual(hashed([7, -12, 2_000_000_000], new Int32() as never), strings);
  assert.deepEqual(hashed([7n, -12n, 2_000_000_000n], new Int64() as never), strings);
  assert.deepEqual(hashed(['7', '-12', '2000000000'], new Dictionary(new Utf8(), new Int32()) as never), strings);
  assert.deepEqual(
    hashed([2n ** 64n - 1n], new Uint64() as never),
    hashed(['18446744073709551615'], new Utf8() as never),
  );
});

test('null ids hash to NaN, floats are refused', () => {
  const hashes = hashed(['a', null, 'a'], new Utf8() as never);
  assert.ok(Number.isNaN(hashes[1]));
  assert.equal(hashes[0], hashes[2]);
  assert.throws(() => hashed([1.5], new Float64() as never), InputError);
});

test('a slice hashes as the rows that it holds', () => {
  const ids = Array.from({ length: 30 }, (_, i) => (i % 4 === 0 ? null : `id ${i}`));
  const data = vectorFromArray(ids, new Utf8()).data[0]!;
  const whole = new Float64Array(30);
  hashIds(data, 5, whole);
  const part = new Float64Array(13);
  hashIds(data.slice(11, 13), 5, part);
  assert.deepEqual(part, whole.slice(11, 24));
});

test('hashes are uniform in [0, 1), and independent between seeds', () => {
  const n = 100_000;
  const ids = Array.from({ length: n }, (_, i) => i);
  const a = hashed(ids, new Int32() as never, 1);
  const b = hashed(ids, new Int32() as never, 2);
  const bins = new Float64Array(100);
  const both = new Float64Array(4);
  a.forEach((x, i) => {
    assert.ok(x >= 0 && x < 1 && Number.isInteger(x * 2 ** 53));
    bins[Math.floor(x * 100)]!++;
    both[(x < 0.5 ? 0 : 1) + (b[i]! < 0.5 ? 0 : 2)]!++;
  });
  // Chi squared with 99 and 3 degrees of freedom: far beyond these with probability below 1e-6.
  assert.ok(bins.reduce((sum, k) => sum + (k - n / 100) ** 2 / (n / 100), 0) < 180);
  assert.ok(both.reduce((sum, k) => sum + (k - n / 4) ** 2 / (n / 4), 0) < 31);
  assert.ok(
    a.some((x) => (x * 2 ** 53) % 2 === 1),
    'the last bit is used',
  );
});
