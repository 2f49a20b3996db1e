import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openNpy, openNpz } from '../../formats/index.js';
import { InputError } from '../../schemas/errors.js';
import { halfOf } from '../../transforms/tag/half.js';
import { memorySource } from './memory.js';

// Written by NumPy 2.4.6: l14_img float16 [[.5, -1.25, 2], [65504, 6e-8, inf]], b = arange(6).reshape(3, 2) / 8 in float32, c = [1.5, -2.5] in float64.
const STORED =
  'UEsDBC0AAAAAAAAAIQDROTuU//////////8LABQAbDE0X2ltZy5ucHkBABAAjAAAAAAAAACMAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmMicsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKADgAvQBA/3sBAAB8UEsDBC0AAAAAAAAAIQC+/l8X//////////8FABQAYi5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgzLCAyKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAAD4AAIA+AADAPgAAAD8AACA/UEsDBC0AAAAAAAAAIQC0Xakl//////////8FABQAYy5ucHkBABAAkAAAAAAAAACQAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAA+D8AAAAAAAAEwFBLAQItAy0AAAAAAAAAIQDROTuUjAAAAIwAAAALAAAAAAAAAAAAAACAAQAAAABsMTRfaW1nLm5weVBLAQItAy0AAAAAAAAAIQC+/l8XmAAAAJgAAAAFAAAAAAAAAAAAAACAAckAAABiLm5weVBLAQItAy0AAAAAAAAAIQC0XaklkAAAAJAAAAAFAAAAAAAAAAAAAACAAZgBAABjLm5weVBLBQYAAAAAAwADAJ8AAABfAgAAAAA=';
const DEFLATED =
  'UEsDBC0AAAAIAAAAIQDROTuU//////////8LABQAbDE0X2ltZy5ucHkBABAAjAAAAAAAAABSAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYLhr0MDv+rGRkYagBQSwMELQAAAAgAAAAhAL7+Xxf//////////wUAFABiLm5weQEAEACYAAAAAAAAAFcAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjoKRpo6CrUKZAMuBgiwY2BoAOIDQMxgz8CgYA8AUEsDBC0AAAAIAAAAIQC0Xakl//////////8FABQAYy5ucHkBABAAkAAAAAAAAABNAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GMPhhD6FZDgAAUEsBAi0DLQAAAAgAAAAhANE5O5RSAAAAjAAAAAsAAAAAAAAAAAAAAIABAAAAAGwxNF9pbWcubnB5UEsBAi0DLQAAAAgAAAAhAL7+XxdXAAAAmAAAAAUAAAAAAAAAAAAAAIABjwAAAGIubnB5UEsBAi0DLQAAAAgAAAAhALRdqSVNAAAAkAAAAAUAAAAAAAAAAAAAAIABHQEAAGMubnB5UEsFBgAAAAADAAMAnwAAAKEBAAAAAA==';
const FORTRAN =
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AACAPwAAgD8AAIA/';
const INTEGERS =
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAEAAAAAAAAAAgAAAAAAAAA=';
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

for (const [kind, text] of Object.entries({ stored: STORED, deflated: DEFLATED })) {
  test(`arrays of an NPZ file that is ${kind} are what NumPy wrote, in any range of rows`, async () => {
    const source = memorySource(bytesOf(text), 'a.npz');
    const image = await openNpz(source, 'l14_img');
    assert.deepEqual([image.rows, image.dims, image.type], [2, 3, 'float16']);
    const half = (await image.read(0, 2)) as Uint16Array;
    assert.deepEqual([...halfOf(half)], [0.5, -1.25, 2, 65504, 2 ** -24, Number.POSITIVE_INFINITY]);
    const b = await openNpz(source, 'b');
    assert.deepEqual([...(await b.read(1, 3))], [0.25, 0.375, 0.5, 0.625]);
    assert.deepEqual([...(await b.read(3, 3))], []);
    await assert.rejects(b.read(2, 4), RangeError);
    const c = await openNpz(source, 'c');
    assert.deepEqual([c.rows, c.dims, [...(await c.read(0, 2))]], [2, 1, [1.5, -2.5]]);
  });
}

describe('an error tells of', () => {
  const refuses = (open: Promise<unknown>, told: RegExp) =>
    assert.rejects(open, (error) => error instanceof InputError && told.test(error.message));
  const npy = (text: string) => openNpy(memorySource(bytesOf(text), 'a.npy'));

  test('an array that is not there', () =>
    refuses(openNpz(memorySource(bytesOf(STORED), 'a.npz'), 'b32_img'), /a\.npz.*one of l14_img, b, c.*b32_img/));
  test('Fortran order', () => refuses(npy(FORTRAN), /row-major order, got Fortran order/));
  test('integers', () => refuses(npy(INTEGERS), /float16, float32 or float64, little-endian, got <i8/));
  test('a file that is none', () => refuses(openNpy(memorySource(new Uint8Array(64), 'a.npy')), /an NPY file/));
  test('a file that is cut off, at any byte', async () => {
    for (const text of [STORED, DEFLATED]) {
      const whole = bytesOf(text);
      for (let end = 0; end < whole.length; end += 7) {
        await refuses(openNpz(memorySource(whole.slice(0, end), 'a.npz'), 'b'), /a\.npz/);
      }
    }
  });
});
