/**
 * Thrift's compact protocol, as far as Parquet uses it, with every length held against the bytes that are there: footers and page headers come from
 * outside. Source: thrift-compact-protocol.md of Apache Thrift.
 */

export type ThriftValue = number | boolean | Uint8Array | ThriftStruct | undefined;
/** Field number to value; lists are checked and left out. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Parquet's own structures nest to 8; schemas are flat lists. */
const MAXIMUM_DEPTH = 24;

/** A 64-bit integer takes at most 10 bytes of 7 bits. */
const MAXIMUM_VARINT_BYTES = 10;

const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
};

/**
 * The struct that starts at `start`, and where it ends. 64-bit integers beyond 2^53 lose their last bits. Throws a plain Error where it is cut,
 * nested too deep or has a length that cannot be.
 */
export function readThriftStruct(
  bytes: Uint8Array,
  start: number,
): { readonly value: ThriftStruct; readonly end: number } {
  let at = start;
  const next = () => {
    if (at >= bytes.length) throw new Error('thrift: it ends in the middle');
    return bytes[at++]!;
  };
  const varint = () => {
    let value = 0;
    for (let i = 0, scale = 1; i < MAXIMUM_VARINT_BYTES; i++, scale *= 128) {
      const byte = next();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('thrift: an integer of more than 10 bytes');
  };
  const zigzag = () => {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const advance = (count: number) => {
    if (count > bytes.length - at)
      throw new Error(`thrift: a length of ${count} where ${bytes.length - at} bytes are left`);
    at += count;
  };
  const list = (depth: number): undefined => {
    const head = next();
    const count = head >>> 4 === 15 ? varint() : head >>> 4;
    const type = head & 15;
    // Every element takes a byte at least.
    if (count > bytes.length - at)
      throw new Error(`thrift: a list of ${count} where ${bytes.length - at} bytes are left`);
    for (let i = 0; i < count; i++) element(type === TYPE.true || type === TYPE.false ? TYPE.byte : type, depth);
  };
  const element = (type: number, depth: number): ThriftValue => {
    switch (type) {
      case TYPE.true:
        return true;
      case TYPE.false:
        return false;
      case TYPE.byte:
        return (next() << 24) >> 24;
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        return zigzag();
      case TYPE.double:
        advance(8);
        return undefined;
      case TYPE.binary: {
        const length = varint();
        advance(length);
        return bytes.subarray(at - length, at);
      }
      case TYPE.list:
      case TYPE.set:
        return list(depth + 1);
      case TYPE.struct:
        return struct(depth + 1);
      default:
        throw new Error(`thrift: unknown type ${type}`);
    }
  };
  const struct = (depth: number): ThriftStruct => {
    if (depth > MAXIMUM_DEPTH) throw new Error('thrift: nested too deep');
    const fields = new Map<number, ThriftValue>();
    for (let id = 0; ; ) {
      const head = next();
      if ((head & 15) === TYPE.stop) return fields;
      id = head >>> 4 === 0 ? zigzag() : id + (head >>> 4);
      fields.set(id, element(head & 15, depth));
    }
  };
  const value = struct(0);
  return { value, end: at };
}
