import './sdk.js';
import { deserialize, serialize } from 'node:v8';
import { type Coder, Context, globalRegistry, writeRawBytes } from 'apache-beam/coders/coders';
import { KVCoder } from 'apache-beam/coders/required_coders';
import protobufjs from 'protobufjs';
import type { KV } from './dofn.js';

const { Reader, Writer } = protobufjs;

interface BytesFormat<T> {
  readonly toBytes: (value: T) => Uint8Array;
  readonly fromBytes: (bytes: Uint8Array) => T;
}

const formats = new Map<string, BytesFormat<any>>();

/**
 * A coder for values that have a byte form, registered under `urn` so that a worker finds it. `fromBytes` is given a view of
 * a larger message: copy what is kept for long or changed. Throws if another coder has the URN.
 */
export function defineBytesCoder<T>(
  urn: string,
  toBytes: (value: T) => Uint8Array,
  fromBytes: (bytes: Uint8Array) => T,
): Coder<T> {
  const known = formats.get(urn);
  if (known !== undefined && (known.toBytes !== toBytes || known.fromBytes !== fromBytes)) {
    throw new Error(`coder "${urn}" is defined twice`);
  }
  formats.set(urn, { toBytes, fromBytes });
  const coder: Coder<T> = {
    encode(value, writer, context) {
      const bytes = toBytes(value);
      if (context === Context.wholeStream) writeRawBytes(bytes, writer);
      else writer.bytes(bytes);
    },
    decode(reader, context) {
      const length = context === Context.wholeStream ? reader.len - reader.pos : reader.uint32();
      const end = reader.pos + length;
      if (end > reader.len) {
        throw new RangeError(`coder "${urn}": a value of ${length} bytes, but ${reader.len - reader.pos} are left`);
      }
      const bytes = reader.buf.subarray(reader.pos, end);
      reader.pos = end;
      return fromBytes(bytes);
    },
    toProto: () => ({ spec: { urn, payload: new Uint8Array() }, componentCoderIds: [] }),
  };
  globalRegistry().registerConstructor(urn, () => coder);
  return coder;
}

const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** Byte strings; decoding copies. */
export const bytesCoder: Coder<Uint8Array> = defineBytesCoder<Uint8Array>(
  'm4-balance:coder:bytes:v1',
  (bytes) => bytes,
  copy,
);

const utf8Encoder = new TextEncoder();
// The SDK's string coder drops a leading byte order mark.
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Strings as UTF-8; unpaired surrogates become U+FFFD. */
export const stringCoder: Coder<string> = defineBytesCoder<string>(
  'm4-balance:coder:string:v1',
  (text) => utf8Encoder.encode(text),
  (bytes) => utf8Decoder.decode(bytes),
);

/** Doubles, little endian as on every platform that Node supports but s390x; decoding copies, so it needs no alignment. */
export const float64ArrayCoder: Coder<Float64Array> = defineBytesCoder<Float64Array>(
  'm4-balance:coder:float64array:v1',
  (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  (bytes) => {
    if (bytes.length % Float64Array.BYTES_PER_ELEMENT !== 0) {
      throw new RangeError(`a Float64Array of ${bytes.length} bytes: not a multiple of 8`);
    }
    return new Float64Array(copy(bytes).buffer);
  },
);

const structuredToBytes = (value: unknown): Uint8Array => serialize(value);
const structuredFromBytes = (bytes: Uint8Array): unknown => deserialize(copy(bytes));

/**
 * A coder for plain data (`v8.serialize`): objects, arrays, typed arrays, Map, Set, bigint, Date, NaN. Functions throw, and
 * instances of classes lose their class. The same URN may be asked for more than once.
 */
export function structuredCoder<T>(urn: string): Coder<T> {
  return defineBytesCoder(urn, structuredToBytes, structuredFromBytes) as Coder<T>;
}

/** Pairs with a string key, as grouping and state need them. */
export function kvCoder<V>(value: Coder<V>): Coder<KV<string, V>> {
  return new KVCoder(stringCoder, value);
}

/** Bytes of one value, delimited so that more can follow. */
export function encodeDelimited<T>(coder: Coder<T>, value: T): Uint8Array {
  const writer = new Writer();
  coder.encode(value, writer, Context.needsDelimiters);
  return writer.finish();
}

/** A reader over plain bytes: over a Buffer, the SDK's coders return views where they mean to copy. */
export function readerOf(bytes: Uint8Array): protobufjs.Reader {
  return new Reader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
}

/** Every value of a concatenation of delimited values. */
export function decodeAll<T>(coder: Coder<T>, bytes: Uint8Array): T[] {
  const values: T[] = [];
  const reader = readerOf(bytes);
  while (reader.pos < reader.len) values.push(coder.decode(reader, Context.needsDelimiters));
  return values;
}

/**
 * What a runner would do to a value: encodes and decodes it as one of many (delimited) and as the only one (whole stream).
 * Throws if the coder does not read exactly what it wrote.
 */
export function roundTrip<T>(coder: Coder<T>, value: T): T {
  let result = value;
  for (const context of [Context.needsDelimiters, Context.wholeStream]) {
    const writer = new Writer();
    coder.encode(result, writer, context);
    const reader = new Reader(writer.finish());
    result = coder.decode(reader, context);
    if (reader.pos !== reader.len && context === Context.needsDelimiters) {
      throw new Error(`a coder left ${reader.len - reader.pos} of ${reader.len} bytes unread`);
    }
  }
  return result;
}
