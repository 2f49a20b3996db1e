/** Random Arrow batches for properties, and their rows as plain values: the slow, obvious form that kernels are held against. */
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  makeBuilder,
  Null,
  type RecordBatch,
  Schema,
  Struct,
  TimestampMicrosecond,
  Uint32,
  Utf8,
} from 'apache-arrow';
import fc from 'fast-check';
import { batchOf } from '../../formats/data.js';

interface Sort {
  readonly type: DataType;
  readonly value: fc.Arbitrary<unknown>;
}

const leaf: fc.Arbitrary<Sort> = fc.constantFrom<Sort[]>(
  { type: new Bool(), value: fc.boolean() },
  { type: new Int8(), value: fc.integer({ min: -128, max: 127 }) },
  { type: new Int16(), value: fc.integer({ min: -32768, max: 32767 }) },
  { type: new Int32(), value: fc.integer() },
  { type: new Uint32(), value: fc.nat() },
  { type: new Int64(), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: new Float32(), value: fc.float() },
  { type: new Float64(), value: fc.double() },
  { type: new Utf8(), value: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  { type: new Binary(), value: fc.uint8Array({ maxLength: 5 }) },
  { type: new FixedSizeBinary(3), value: fc.uint8Array({ minLength: 3, maxLength: 3 }) },
  { type: new TimestampMicrosecond(), value: fc.nat() },
  { type: new Null(), value: fc.constant(null) },
);

const nullable = (value: fc.Arbitrary<unknown>) => fc.option(value, { freq: 4 });

function nested(depth: number): fc.Arbitrary<Sort> {
  if (depth === 0) return leaf;
  const inner = nested(depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: inner.map(({ type, value }) => ({
        type: new List(new Field('item', type, true)),
        value: fc.array(nullable(value), { maxLength: 4 }),
      })),
    },
    {
      weight: 1,
      arbitrary: inner.map(({ type, value }) => ({
        type: new FixedSizeList(2, new Field('item', type, true)),
        value: fc.array(nullable(value), { minLength: 2, maxLength: 2 }),
      })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, inner).map(([a, b]) => ({
        type: new Struct([new Field('a', a.type, true), new Field('b', b.type, true)]),
        value: fc.record({ a: nullable(a.value), b: nullable(b.value) }),
      })),
    },
    {
      weight: 1,
      arbitrary: inner.map(({ type, value }) => ({
        type: new Map_(
          new Field(
            'entries',
            new Struct([new Field('key', new Utf8(), false), new Field('value', type, true)] as never),
            false,
          ),
        ),
        value: fc
          .dictionary(fc.string({ maxLength: 3 }), nullable(value), { maxKeys: 3 })
          .map((d) => new Map(Object.entries(d))),
      })),
    },
  );
}

const dictionary: Sort = {
  type: new Dictionary(new Utf8(), new Int32(), 1),
  value: fc.constantFrom('', 'red', 'grün'),
};

function columnOf(type: DataType, values: readonly unknown[]): Data {
  const builder = makeBuilder({ type, nullValues: [null] });
  for (const value of values) builder.append(value as never);
  return builder.finish().flush();
}

/** Batches of 0 to 40 rows with 1 to 4 columns of any sort that batches carry; half of them slices of larger ones. */
export function batches({ dictionaries = true } = {}): fc.Arbitrary<RecordBatch> {
  const sort = dictionaries
    ? fc.oneof({ weight: 9, arbitrary: nested(2) }, { weight: 1, arbitrary: fc.constant(dictionary) })
    : nested(2);
  return fc
    .tuple(
      fc.array(sort, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 40 }),
      fc.nat(1000),
      fc.nat(1000),
      fc.boolean(),
    )
    .chain(([sorts, rows, from, to, whole]) =>
      fc
        .tuple(
          ...sorts.map(({ value }) =>
            fc.oneof(
              fc.array(nullable(value), { minLength: rows, maxLength: rows }),
              fc.array(value, { minLength: rows, maxLength: rows }),
            ),
          ),
        )
        .map((columns) => {
          const schema = new Schema(sorts.map(({ type }, i) => new Field(`c${i}`, type, true)));
          const batch = batchOf(
            schema,
            columns.map((values, i) => columnOf(sorts[i]!.type, values as unknown[])),
            rows,
          );
          const start = whole ? 0 : from % (rows + 1);
          const end = whole ? rows : start + (to % (rows - start + 1));
          return start === 0 && end === rows ? batch : batch.slice(start, end);
        }),
    );
}

/** An Arrow value as something that deepEqual compares by what it means. */
export function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain);
  if (typeof value !== 'object') return value;
  const { toJSON } = value as { toJSON?: () => unknown };
  const iterable = value as Iterable<unknown>;
  if (value instanceof Map) return [...value].map(([k, v]) => [plain(k), plain(v)]);
  if (Array.isArray(value) || typeof (value as { get?: unknown }).get === 'function') return [...iterable].map(plain);
  return toJSON === undefined
    ? String(value)
    : Object.entries(toJSON.call(value) as object).map(([k, v]) => [k, plain(v)]);
}

/** Rows of a batch as arrays of plain values, read one by one. */
export function rowsOf(batch: RecordBatch): unknown[][] {
  return Array.from({ length: batch.numRows }, (_, row) =>
    batch.schema.fields.map((_, column) => plain(batch.getChildAt(column)!.get(row))),
  );
}
