/** Columns that grow value by value, for formats whose rows are read one by one. */
import { isUtf8 } from 'node:buffer';
import { Data, type DataType } from 'apache-arrow';
import { packBits } from './bits.js';
import { copyBytes } from './copy-bytes.js';
import { arrowType, itemOf } from './inferred.js';
import { giveSpare, takeSpare } from './spares.js';

/** One column of the batch at hand. A value that the column's type cannot hold throws a plain Error with what it is. */
export interface ColumnBuilder {
  readonly rows: number;
  /** Bytes of the values so far. */
  readonly bytes: number;
  /** A JSON value; null and undefined are null. In a text column, what is no string becomes its JSON text; in a list column, what is no list is one item. */
  add(value: unknown): void;
  /** Bytes, or the bytes of a text, which are copied. Text that is not UTF-8 has U+FFFD where it is not. */
  addBytes(source: Uint8Array, start: number, end: number): void;
  addNull(): void;
  /** Of a list column: adds the row that the next `count` values of `items` are. */
  readonly items?: ColumnBuilder;
  addList(count: number): void;
  /** The column, which owns its buffers, unless its bytes pass: they hold until the next value is added. The builder is empty again. */
  finish(): Data;
  /** No row follows, and bytes that pass are void. */
  end?(): void;
}

type Numbers = Uint8Array | Int32Array | Float32Array | Float64Array | BigInt64Array;

const FIRST_ROWS = 256;
const FIRST_BYTES = 1 << 12;

function grown<T extends Numbers>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, array.length * 2));
  larger.set(array as never);
  return larger;
}

const kindOf = (value: unknown) => (Array.isArray(value) ? 'a list' : `a ${typeof value}`);

abstract class Builder {
  rows = 0;
  protected nulls = 0;
  private valid = new Uint8Array(FIRST_ROWS);

  constructor(protected readonly type: DataType) {}

  abstract readonly bytes: number;

  /** Ends the row. */
  protected row(isValid: boolean): void {
    if (this.rows === this.valid.length) this.valid = grown(this.valid, this.rows + 1);
    this.valid[this.rows++] = isValid ? 1 : 0;
    if (!isValid) this.nulls++;
  }

  protected made(offsets: Int32Array | undefined, values: Numbers | undefined, children: Data[] = []): Data {
    const { rows, nulls } = this;
    const validity = nulls === 0 ? new Uint8Array(0) : packBits(this.valid, rows);
    this.rows = 0;
    this.nulls = 0;
    return new Data(this.type, 0, rows, nulls, [offsets, values, validity, undefined] as never, children);
  }

  addBytes(_source: Uint8Array, _start: number, _end: number): void {
    throw new Error('bytes');
  }

  addList(_count: number): void {
    throw new Error('a list');
  }
}

class NumberBuilder extends Builder implements ColumnBuilder {
  private values: Numbers;

  constructor(
    type: DataType,
    private readonly make: new (length: number) => Numbers,
    /** The value as it is stored. */
    private readonly stored: (value: unknown) => number | bigint,
  ) {
    super(type);
    this.values = new make(FIRST_ROWS);
  }

  get bytes() {
    return this.rows * this.values.BYTES_PER_ELEMENT;
  }

  add(value: unknown) {
    if (value === null || value === undefined) this.addNull();
    else this.store(this.stored(value), true);
  }

  addNull() {
    this.store(this.values instanceof BigInt64Array ? 0n : 0, false);
  }

  private store(value: number | bigint, valid: boolean) {
    if (this.rows === this.values.length) this.values = grown(this.values, this.rows + 1);
    this.values[this.rows] = value;
    this.row(valid);
  }

  finish() {
    const { values, rows } = this;
    this.values = new this.make(FIRST_ROWS);
    const isBool = this.make === Uint8Array;
    return this.made(undefined, isBool ? packBits(values as Uint8Array, rows) : values.slice(0, rows));
  }
}

class BytesBuilder extends Builder implements ColumnBuilder {
  private values: Uint8Array<ArrayBuffer>;
  private offsets = new Int32Array(FIRST_ROWS + 1);
  bytes = 0;

  constructor(
    type: DataType,
    private readonly text: boolean,
    private readonly passing: boolean,
  ) {
    super(type);
    this.values = passing ? takeSpare(FIRST_BYTES) : new Uint8Array(FIRST_BYTES);
  }

  private room(count: number) {
    if (this.bytes + count > this.values.length) this.values = grown(this.values, this.bytes + count);
  }

  private endRow(valid: boolean) {
    this.row(valid);
    if (this.rows === this.offsets.length) this.offsets = grown(this.offsets, this.rows + 1);
    this.offsets[this.rows] = this.bytes;
  }

  add(value: unknown) {
    if (value === null || value === undefined) return this.addNull();
    if (!this.text) throw new Error(kindOf(value));
    const text = typeof value === 'string' ? value : typeof value === 'bigint' ? String(value) : JSON.stringify(value);
    // Three bytes of UTF-8 a unit of UTF-16, at most.
    this.room(3 * text.length);
    this.bytes += new TextEncoder().encodeInto(text, this.values.subarray(this.bytes)).written;
    this.endRow(true);
  }

  override addBytes(source: Uint8Array, start: number, end: number) {
    this.room(end - start);
    copyBytes(this.values, this.bytes, source, start, end);
    this.bytes += end - start;
    this.endRow(true);
  }

  addNull() {
    this.endRow(false);
  }

  finish() {
    const { rows } = this;
    let values: Uint8Array = this.passing ? this.values.subarray(0, this.bytes) : this.values.slice(0, this.bytes);
    let offsets = this.offsets.slice(0, rows + 1);
    if (this.text && !isText(values, offsets, rows)) [values, offsets] = asText(values, offsets, rows);
    this.bytes = 0;
    return this.made(offsets, values);
  }

  end() {
    if (this.passing) giveSpare(this.values);
    this.values = new Uint8Array(0);
  }
}

/** Whether each value by itself is UTF-8: all together are, and none begins within a character. */
function isText(values: Uint8Array, offsets: Int32Array, rows: number): boolean {
  if (!isUtf8(values)) return false;
  for (let i = 0; i < rows; i++) if ((values[offsets[i]!]! & 0xc0) === 0x80) return false;
  return true;
}

/** Each value as text, with U+FFFD for what is not UTF-8. */
function asText(values: Uint8Array, offsets: Int32Array, rows: number): [Uint8Array, Int32Array<ArrayBuffer>] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const texts: Uint8Array[] = [];
  const moved = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) {
    const value = values.subarray(offsets[i]!, offsets[i + 1]!);
    const text = isUtf8(value) ? value : new TextEncoder().encode(decoder.decode(value));
    texts.push(text);
    moved[i + 1] = moved[i]! + text.length;
  }
  return [new Uint8Array(Buffer.concat(texts)), moved];
}

class ListBuilder extends Builder implements ColumnBuilder {
  private offsets = new Int32Array(FIRST_ROWS + 1);

  constructor(
    type: DataType,
    readonly items: ColumnBuilder,
  ) {
    super(type);
  }

  get bytes() {
    return this.items.bytes;
  }

  private endRow(valid: boolean, end: number) {
    this.row(valid);
    if (this.rows === this.offsets.length) this.offsets = grown(this.offsets, this.rows + 1);
    this.offsets[this.rows] = end;
  }

  add(value: unknown) {
    if (value === null || value === undefined) return this.addNull();
    if (Array.isArray(value)) for (const item of value) this.items.add(item);
    else this.items.add(value);
    this.endRow(true, this.items.rows);
  }

  override addBytes(source: Uint8Array, start: number, end: number) {
    this.items.addBytes(source, start, end);
    this.endRow(true, this.items.rows);
  }

  override addList(count: number) {
    this.endRow(true, this.offsets[this.rows]! + count);
  }

  addNull() {
    this.endRow(false, this.items.rows);
  }

  finish() {
    const offsets = this.offsets.slice(0, this.rows + 1);
    return this.made(offsets, undefined, [this.items.finish()]);
  }

  end() {
    this.items.end?.();
  }
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw new Error(kindOf(value));
}

function integerOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  throw new Error(typeof value === 'number' ? `the number ${value}` : kindOf(value));
}

function booleanOf(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  throw new Error(kindOf(value));
}

/** A builder of columns of an inferred type; see `joinTypes`. `passing`: the bytes of binary values need not hold once the next value is added. */
export function columnBuilder(type: string, passing = false): ColumnBuilder {
  const made = arrowType(type);
  const item = itemOf(type);
  if (item !== undefined) return new ListBuilder(made, columnBuilder(item, passing));
  switch (type) {
    case 'Bool':
      return new NumberBuilder(made, Uint8Array, booleanOf);
    case 'Int64':
      return new NumberBuilder(made, BigInt64Array, integerOf);
    case 'Float32':
      return new NumberBuilder(made, Float32Array, numberOf);
    case 'Float64':
      return new NumberBuilder(made, Float64Array, numberOf);
    default:
      return new BytesBuilder(made, type === 'Utf8', passing && type === 'Binary');
  }
}
