import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c, nativeCrc32c, portableCrc32c } from '../../schemas/crc32c.js';

/** Bit by bit: the polynomial 0x1edc6f41, reflected. */
function slow(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}

test('the checksums of RFC 3720', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd_794e);
});

test('native and portable code give what bits give, of any bytes, in one piece and in two, in views and in shared memory', () => {
  const native = nativeCrc32c() ?? assert.fail('no native CRC-32C on this system');
  const size = fc.oneof(fc.nat(40), fc.integer({ min: 200, max: 300 }), fc.nat(5000));
  fc.assert(
    fc.property(
      size,
      fc.nat(9),
      fc.nat(2 ** 31),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (length, offset, seed, cut) => {
        const memory = new Uint8Array(new SharedArrayBuffer(offset + length));
        for (let i = 0, state = seed; i < memory.length; i++) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          memory[i] = state >>> 16;
        }
        const bytes = memory.subarray(offset);
        const expected = slow(bytes);
        const at = Math.floor(cut * length);
        assert.equal(crc32c(bytes), expected);
        assert.equal(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at))), expected);
        assert.equal(portableCrc32c(bytes, 0) >>> 0, expected);
        assert.equal(native(bytes, 0) >>> 0, expected);
        assert.equal(crc32c(bytes.slice(), 0), expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('a system without the binary, or with one that counts wrongly, has the portable code', () => {
  assert.equal(
    nativeCrc32c(() => {
      throw new Error('Cannot find native binding');
    }),
    undefined,
  );
  assert.equal(
    nativeCrc32c(() => ({ crc32c: () => 1 })),
    undefined,
  );
  assert.equal(
    nativeCrc32c(() => ({})),
    undefined,
  );
});
