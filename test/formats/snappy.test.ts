import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { decompressSnappy } from '../../formats/snappy.js';

/** Byte by byte, as format_description.txt says it; undefined for bytes that it does not allow. */
function slow(bytes: Uint8Array, length: number): number[] | undefined {
  const number = (at: number, size: number) =>
    bytes.subarray(at, at + size).reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  let at = 0;
  let said = 0;
  for (let scale = 1; ; scale *= 128) {
    if (at === bytes.length || at === 5) return undefined;
    const byte = bytes[at++]!;
    said += (byte % 128) * scale;
    if (byte < 128) break;
  }
  if (said !== length) return undefined;
  const out: number[] = [];
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    const size = [tag >> 2 < 60 ? 0 : (tag >> 2) - 59, 1, 2, 4][tag & 3]!;
    if (at + size > bytes.length) return undefined;
    const more = number(at, size);
    at += size;
    if ((tag & 3) === 0) {
      const count = size === 0 ? (tag >> 2) + 1 : more + 1;
      if (at + count > bytes.length || out.length + count > length) return undefined;
      for (let i = 0; i < count; i++) out.push(bytes[at++]!);
    } else {
      const near = (tag & 3) === 1;
      const count = near ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const offset = near ? (tag >> 5) * 256 + more : more;
      if (offset === 0 || offset > out.length || out.length + count > length) return undefined;
      for (let i = 0; i < count; i++) out.push(out[out.length - offset]!);
    }
  }
  return out.length === length ? out : undefined;
}

const fast = (bytes: Uint8Array, length: number) => {
  const out = decompressSnappy(bytes, length);
  return out && [...out];
};

/** Bytes that repeat, near and far. */
const repeating = fc
  .array(
    fc.oneof(
      fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 90 }), times: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }), times: fc.integer({ min: 1, max: 400 }) }),
    ),
    { maxLength: 12 },
  )
  .map((parts) =>
    Uint8Array.from(parts.flatMap(({ bytes, times }) => Array.from({ length: times }, () => [...bytes]).flat())),
  );

test('what was compressed comes back', () => {
  fc.assert(
    fc.property(repeating, (bytes) => {
      const compressed = snappyCompress(bytes);
      assert.deepEqual(fast(compressed, bytes.length), [...bytes]);
      assert.deepEqual(slow(compressed, bytes.length), [...bytes]);
    }),
  );
});

/** A literal of 200 bytes, which offsets reach into. */
const BEGINNING = [60 << 2, 199, ...Array.from({ length: 200 }, (_, i) => (i * 7) % 256)];

/** One element with lengths of every size, and its bytes in the file. */
const element = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => [(bytes.length - 1) << 2, ...bytes]),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 2, max: 4 }))
    .map(([bytes, size]) => [(59 + size) << 2, ...littleEndian(bytes.length - 1, size), ...bytes]),
  fc
    .tuple(fc.integer({ min: 4, max: 11 }), fc.integer({ min: 0, max: 70 }))
    .map(([length, offset]) => [((length - 4) << 2) | 1, offset]),
  fc
    .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 400 }), fc.constantFrom(2, 4))
    .map(([length, offset, size]) => [((length - 1) << 2) | (size === 2 ? 2 : 3), ...littleEndian(offset, size)]),
);

function littleEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

const varint = (value: number) => (value < 128 ? [value] : [(value % 128) + 128, value >> 7]);

test('elements of every kind, whole and damaged, are what the slow twin says', () => {
  let read = 0;
  fc.assert(
    fc.property(
      fc.array(element, { maxLength: 20 }),
      fc.integer({ min: 0, max: 2000 }),
      fc.nat(),
      fc.option(fc.nat(255)),
      (some, guess, at, byte) => {
        const elements = [BEGINNING, ...some];
        const body = elements.flat();
        // The length that they have is found by trying: a wrong one is refused by both.
        const right = Array.from({ length: 16 }, (_, i) => guess + i).concat(lengthOf(elements));
        for (const length of right) {
          const bytes = Uint8Array.from([...varint(length), ...body]);
          if (byte !== null && bytes.length > 0) bytes[at % bytes.length] = byte;
          const expected = slow(bytes, length);
          if (expected !== undefined && expected.length > 0) read++;
          assert.deepEqual(fast(bytes, length), expected);
        }
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(read > 50, `${read} were read`);
});

function lengthOf(elements: readonly number[][]): number {
  return elements.reduce((sum, [tag, ...rest]) => {
    const kind = tag! & 3;
    if (kind === 1) return sum + ((tag! >> 2) & 7) + 4;
    if (kind > 1) return sum + (tag! >> 2) + 1;
    return sum + (tag! >> 2 < 60 ? rest.length : rest.length - ((tag! >> 2) - 59));
  }, 0);
}

test('lengths that lie are refused', () => {
  assert.equal(decompressSnappy(Uint8Array.of(), 0), undefined);
  assert.equal(decompressSnappy(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0), 0), undefined);
  // A literal of 2^32 bytes.
  assert.equal(decompressSnappy(Uint8Array.of(4, 0xfc, 0xff, 0xff, 0xff, 0xff, 1, 2, 3), 4), undefined);
  assert.deepEqual([...decompressSnappy(Uint8Array.of(0), 0)!], []);
});
