import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Coder, Context, globalRegistry } from 'apache-beam/coders/coders';
import { GeneralObjectCoder } from 'apache-beam/coders/js_coders';
import { LengthPrefixedCoder } from 'apache-beam/coders/required_coders';
import { StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import fc from 'fast-check';
import protobufjs from 'protobufjs';
import { decodeAll, encodeDelimited, roundTrip } from '../../beam/coders.js';
import {
  bytesCoder,
  defineBytesCoder,
  float64ArrayCoder,
  kvCoder,
  stringCoder,
  structuredCoder,
} from '../../beam/index.js';

const dataCoder = structuredCoder<any>('m4-balance:test:data:v1');
const wellFormed = fc.string({ unit: 'binary' });

/** Several values in one message, as runners send them, with and without a length prefix of the runner's. */
function throughMessage<T>(coder: Coder<T>, values: T[], prefixed: boolean): T[] {
  const wire = prefixed ? new LengthPrefixedCoder(coder) : coder;
  return decodeAll(wire, Buffer.concat(values.map((value) => encodeDelimited(wire, value))));
}

for (const prefixed of [false, true]) {
  const suffix = prefixed ? ', length prefixed' : '';
  test(`strings survive${suffix}`, () => {
    fc.assert(
      fc.property(fc.array(wellFormed), (values) => {
        assert.deepEqual(throughMessage(stringCoder, values, prefixed), values);
      }),
    );
  });
  test(`bytes survive${suffix}`, () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (values) => {
        assert.deepEqual(throughMessage(bytesCoder, values, prefixed), values);
      }),
    );
  });
  test(`doubles survive, with NaN, infinities and -0${suffix}`, () => {
    fc.assert(
      fc.property(fc.array(fc.float64Array()), (values) => {
        assert.deepEqual(throughMessage(float64ArrayCoder, values, prefixed), values);
      }),
    );
  });
  test(`pairs of a string and data survive${suffix}`, () => {
    // A Map with an invalid date for a key is not equal to its own clone.
    const data = fc
      .anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withDate: true })
      .filter((value) => isDeepStrictEqual(structuredClone(value), value));
    fc.assert(
      fc.property(fc.array(fc.record({ key: wellFormed, value: data }, { noNullPrototype: true })), (values) => {
        assert.deepEqual(throughMessage(kvCoder(dataCoder), values, prefixed), values);
      }),
    );
  });
}

test('what is decoded shares no memory with the message', () => {
  for (const [coder, value] of [
    [bytesCoder, Uint8Array.of(1, 2)],
    [float64ArrayCoder, Float64Array.of(1, 2)],
    [dataCoder, { inside: Float64Array.of(1, 2) }],
  ] as const) {
    const message = encodeDelimited(coder as Coder<any>, value);
    const [decoded] = decodeAll(coder as Coder<any>, message);
    message.fill(0xff);
    assert.deepEqual(decoded, value);
  }
});

test('lengths that lie are refused', () => {
  const message = encodeDelimited(bytesCoder, Uint8Array.of(1, 2, 3));
  assert.throws(() => decodeAll(bytesCoder, message.subarray(0, 3)), /a value of 3 bytes, but 2 are left/);
  assert.throws(
    () => decodeAll(float64ArrayCoder, encodeDelimited(bytesCoder, new Uint8Array(9))),
    /9 bytes: not a multiple of 8/,
  );
});

test('a URN has one coder', () => {
  const coder = structuredCoder('m4-balance:test:data:v1');
  assert.deepEqual(roundTrip(coder, { a: 1 }), { a: 1 });
  const toBytes = (text: string) => new TextEncoder().encode(text);
  assert.throws(
    () => defineBytesCoder('m4-balance:test:data:v1', toBytes, String),
    /"m4-balance:test:data:v1" is defined twice/,
  );
});

test('a worker finds a coder by its URN', () => {
  const { spec } = float64ArrayCoder.toProto({ getCoderId: () => '' });
  const found = globalRegistry().getCoder(spec!.urn, spec!.payload) as Coder<Float64Array>;
  assert.deepEqual(roundTrip(found, Float64Array.of(1)), Float64Array.of(1));
});

/** Each value once through a coder. */
function once(coder: Coder<any>, value: unknown): unknown {
  const writer = new protobufjs.Writer();
  coder.encode(value, writer, Context.needsDelimiters);
  return coder.decode(new protobufjs.Reader(writer.finish()), Context.needsDelimiters);
}

test("the SDK's default coder corrupts what ours keeps", () => {
  for (const [value, corrupted] of [
    [2 ** 31, -(2 ** 31)],
    [2 ** 40 + 1, 1],
    [Number.NaN, 0],
    [1e300, 0],
  ]) {
    assert.equal(once(new GeneralObjectCoder(), value), corrupted);
    assert.equal(once(dataCoder, value), value);
  }
  const arrays = { floats: Float64Array.of(2), map: new Map([['a', 1]]) };
  assert.deepEqual((once(new GeneralObjectCoder(), arrays) as any).floats, { 0: 2 });
  assert.deepEqual(once(dataCoder, arrays), arrays);
  assert.throws(() => once(new GeneralObjectCoder(), { big: 1n }));
  assert.deepEqual(once(dataCoder, { big: 1n }), { big: 1n });
});

test("the SDK's string coder drops a leading byte order mark, ours keeps it", () => {
  assert.equal(once(new StrUtf8Coder(), '\ufeffkey'), 'key');
  assert.equal(once(stringCoder, '\ufeffkey'), '\ufeffkey');
});
