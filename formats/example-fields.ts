/** tf.train.Example in place: where its keys and values lie, without an object a feature. `decodeExample` is the slow, obvious twin. */

/** Kinds of a Feature, which are their field numbers; 0: a feature without a list. */
export const KIND = { none: 0, bytes: 1, float: 2, int64: 3 } as const;

/** Called with the key's bytes `[keyStart, keyEnd)`, the kind, and the bytes of the list `[start, end)`. */
export type VisitFeature = (keyStart: number, keyEnd: number, kind: number, start: number, end: number) => void;

/** Behind the varint or the field that was read last. */
let position = 0;

/** A varint below 2^53 at `at`; its end is `position`. Throws a plain Error for one that is larger or does not end. */
function varint(b: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 8; i++) {
    const byte = b[i]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break;
      position = i + 1;
      return value;
    }
    scale *= 128;
  }
  throw new Error('a varint that does not end, or is too large');
}

/** Passes a varint of up to 10 bytes. */
function passVarint(b: Uint8Array, at: number, end: number): void {
  for (let i = at; i < end && i < at + 10; i++) {
    if (b[i]! < 0x80) {
      position = i + 1;
      return;
    }
  }
  throw new Error('a varint that does not end');
}

/** Start of the value of the field whose tag was just read, which ends at `position`. Throws a plain Error where it goes beyond `end`. */
function value(b: Uint8Array, wire: number, end: number): number {
  let start = position;
  if (wire === 0) passVarint(b, start, end);
  else if (wire === 2) {
    const length = varint(b, start, end);
    start = position;
    position += length;
  } else if (wire === 1 || wire === 5) position += wire === 1 ? 8 : 4;
  else throw new Error(`wire type ${wire}`);
  if (position > end) throw new Error(`a field of ${position - start} bytes where ${end - start} are left`);
  return start;
}

function visitEntry(b: Uint8Array, from: number, end: number, visit: VisitFeature): void {
  let [keyStart, keyEnd, kind, start, stop] = [from, from, 0, from, from];
  for (let at = from; at < end; at = position) {
    const tag = varint(b, at, end);
    const found = value(b, tag & 7, end);
    const after = position;
    if (tag === 0x0a) {
      keyStart = found;
      keyEnd = after;
    } else if (tag === 0x12) {
      for (let in_ = found; in_ < after; in_ = position) {
        const list = varint(b, in_, after);
        const listStart = value(b, list & 7, after);
        const field = list >>> 3;
        if ((list & 7) !== 2 || field < 1 || field > 3) continue;
        kind = field;
        start = listStart;
        stop = position;
      }
      position = after;
    }
  }
  visit(keyStart, keyEnd, kind, start, stop);
}

/** The features of the serialised Example in `b[start, end)`, in the order written. Throws a plain Error where it is none. */
export function visitExample(b: Uint8Array, start: number, end: number, visit: VisitFeature): void {
  for (let at = start; at < end; at = position) {
    const tag = varint(b, at, end);
    const found = value(b, tag & 7, end);
    const after = position;
    if (tag === 0x0a) {
      for (let in_ = found; in_ < after; in_ = position) {
        const entry = varint(b, in_, after);
        const entryStart = value(b, entry & 7, after);
        const entryEnd = position;
        if (entry === 0x0a) visitEntry(b, entryStart, entryEnd, visit);
        position = entryEnd;
      }
    }
    position = after;
  }
}

/** The values of a BytesList: each calls `visit` with where it lies. Returns how many there are. */
export function visitBytes(
  b: Uint8Array,
  start: number,
  end: number,
  visit: (start: number, end: number) => void,
): number {
  let count = 0;
  for (let at = start; at < end; at = position) {
    const tag = varint(b, at, end);
    const found = value(b, tag & 7, end);
    if (tag !== 0x0a) continue;
    const after = position;
    visit(found, after);
    position = after;
    count++;
  }
  return count;
}

/** The values of a FloatList, packed or not. */
export function visitFloats(b: Uint8Array, start: number, end: number, visit: (value: number) => void): number {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  let count = 0;
  for (let at = start; at < end; at = position) {
    const tag = varint(b, at, end);
    const found = value(b, tag & 7, end);
    if (tag !== 0x0a && tag !== 0x0d) continue;
    if ((position - found) % 4 !== 0) throw new Error(`${position - found} bytes of floats`);
    for (let i = found; i < position; i += 4, count++) visit(view.getFloat32(i, true));
  }
  return count;
}

/** A varint of 64 bits, signed: a number where that is exact. */
function signed(b: Uint8Array, at: number, end: number): number | bigint {
  let plain = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 7; i++) {
    plain += (b[i]! & 0x7f) * scale;
    if (b[i]! < 0x80) {
      position = i + 1;
      return plain;
    }
    scale *= 128;
  }
  passVarint(b, at, end);
  let wide = 0n;
  for (let i = at; i < position; i++) wide |= BigInt(b[i]! & 0x7f) << BigInt(7 * (i - at));
  return BigInt.asIntN(64, wide);
}

/** The values of an Int64List, packed or not. */
export function visitIntegers(
  b: Uint8Array,
  start: number,
  end: number,
  visit: (value: number | bigint) => void,
): number {
  let count = 0;
  for (let at = start; at < end; at = position) {
    const tag = varint(b, at, end);
    const found = value(b, tag & 7, end);
    if (tag !== 0x0a && tag !== 0x08) continue;
    const after = position;
    for (let i = found; i < after; i = position, count++) visit(signed(b, i, after));
    position = after;
  }
  return count;
}
