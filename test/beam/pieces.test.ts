import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutPieces, joinPieces, PIECE_BYTES } from '../../beam/index.js';

const bytesFor = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 251);

test('values of any size come back from their pieces, in whatever order these come', () => {
  const sizes = fc.array(fc.constantFrom(0, 1, 1000, PIECE_BYTES - 24, PIECE_BYTES - 23, PIECE_BYTES, 2_500_000), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(sizes, fc.nat(), (lengths, seed) => {
      const values = lengths.map((length, i) => bytesFor(length, i));
      const pieces = values.flatMap(cutPieces);
      for (const { length } of pieces) assert.ok(length <= PIECE_BYTES);
      pieces.sort((a, b) => ((a.length * 7 + a[4]! * 13 + seed) % 17) - ((b.length * 7 + b[4]! * 13 + seed) % 17));
      const joined = [...joinPieces(pieces)].map((bytes) => Buffer.from(bytes).toString('base64')).sort();
      assert.deepEqual(joined, values.map((bytes) => Buffer.from(bytes).toString('base64')).sort());
    }),
    { numRuns: 30 },
  );
});

test('equal values are told apart, so that two bundles with the same result count twice', () => {
  const value = bytesFor(1_500_000, 3);
  const [a, b] = cutPieces(value);
  const [c, d] = cutPieces(value);
  assert.equal([...joinPieces([a!, c!, d!, b!])].length, 2);
});

test('a piece that was lost is missed', () => {
  const pieces = cutPieces(bytesFor(3_000_000, 1));
  for (let lost = 0; lost < pieces.length; lost++) {
    assert.throws(() => [...joinPieces(pieces.filter((_, i) => i !== lost))], /1 values came without some/);
  }
});

test('an element without bytes is no piece; one too short for a header is refused', () => {
  assert.deepEqual([...joinPieces([new Uint8Array()])], []);
  assert.throws(() => [...joinPieces([new Uint8Array(5)])], /no header/);
});
