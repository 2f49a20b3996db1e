import { InputError } from '../schemas/errors.js';

/** One feature of a tf.train.Example; `none` is a feature without a list, as TensorFlow can write. */
export type Feature =
  | { readonly kind: 'bytes'; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'float'; readonly values: readonly number[] }
  | { readonly kind: 'int64'; readonly values: readonly bigint[] }
  | { readonly kind: 'none'; readonly values: readonly [] };

/** Wire types of protocol buffers. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 };

/** A 64-bit varint has at most 10 bytes. */
const MAXIMUM_VARINT_BYTES = 10;

type Visit = (field: number, wire: number, value: bigint, body: Uint8Array) => void;

function varintAt(bytes: Uint8Array, at: number): { value: bigint; end: number } {
  let value = 0n;
  for (let i = 0; i < MAXIMUM_VARINT_BYTES; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + i + 1 };
  }
  throw new Error('a varint that does not end');
}

function visitFields(bytes: Uint8Array, visit: Visit): void {
  for (let at = 0; at < bytes.length; ) {
    const tag = varintAt(bytes, at);
    const wire = Number(tag.value & 7n);
    const head =
      wire === WIRE.fixed32 || wire === WIRE.fixed64
        ? { value: wire === WIRE.fixed32 ? 4n : 8n, end: tag.end }
        : varintAt(bytes, tag.end);
    if (wire === 3 || wire === 4 || wire > 5) throw new Error(`wire type ${wire}`);
    const size = wire === WIRE.varint ? 0n : head.value;
    if (size > BigInt(bytes.length - head.end))
      throw new Error(`a field of ${size} bytes where ${bytes.length - head.end} are left`);
    at = head.end + Number(size);
    visit(Number(tag.value >> 3n), wire, head.value, bytes.subarray(head.end, at));
  }
}

function featureOf(bytes: Uint8Array): Feature {
  let feature: Feature = { kind: 'none', values: [] };
  visitFields(bytes, (kind, _wire, _value, list) => {
    const values: unknown[] = [];
    visitFields(list, (field, wire, value, body) => {
      if (field !== 1) return;
      if (kind === 1) {
        values.push(body);
      } else if (kind === 2) {
        const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
        for (let at = 0; at + 4 <= body.length; at += 4) values.push(view.getFloat32(at, true));
      } else if (kind === 3 && wire === WIRE.varint) {
        values.push(BigInt.asIntN(64, value));
      } else if (kind === 3) {
        for (let at = 0; at < body.length; ) {
          const one = varintAt(body, at);
          values.push(BigInt.asIntN(64, one.value));
          at = one.end;
        }
      }
    });
    const name = kind === 1 ? 'bytes' : kind === 2 ? 'float' : kind === 3 ? 'int64' : undefined;
    if (name !== undefined) feature = { kind: name, values } as Feature;
  });
  return feature;
}

/** The features of one serialised tf.train.Example, in the order written. Throws an InputError where it is none. */
export function decodeExample(bytes: Uint8Array, place = 'record'): Map<string, Feature> {
  const features = new Map<string, Feature>();
  try {
    visitFields(bytes, (field, _w, _v, all) => {
      if (field !== 1) return;
      visitFields(all, (entry, _w2, _v2, pair) => {
        if (entry !== 1) return;
        let key = '';
        let feature: Feature = { kind: 'none', values: [] };
        visitFields(pair, (part, _w3, _v3, body) => {
          if (part === 1) key = Buffer.from(body).toString();
          if (part === 2) feature = featureOf(body);
        });
        features.set(key, feature);
      });
    });
  } catch (error) {
    const got = (error as Error).message;
    throw new InputError('TFRecord', { place, expected: 'a tf.train.Example', got }, { cause: error });
  }
  return features;
}
