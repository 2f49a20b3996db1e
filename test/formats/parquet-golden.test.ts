/** Every golden Parquet file: either the values that its makers say it has, or a refusal that names what is wrong. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decompress, init } from '@bokuweb/zstd-wasm';
import { type DataType, type RecordBatch, Type } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { parquet } from '../../formats/parquet.js';
import { InputError } from '../../schemas/errors.js';
import { storageFor } from '../../storage/index.js';
import { needs, sharedPath } from '../shared.js';

const FOLDER = 'data/golden/parquet';

const refused: Record<string, RegExp> = {
  'datapage_v1-corrupt-checksum.parquet': /page 0: .*row group 0, column a: expected checksum/,
  'rle-dict-uncompressed-corrupt-checksum.parquet': /page 0: .*column long_field: expected checksum/,
  'nation.dict-malformed.parquet': /page 1: .*row group 0, column name: expected at most 13 bytes, got 28/,
  'large_string_map.brotli.parquet': /row group too large: .*expected at most 1073741824 bytes/,
};

/** Microseconds since 1970 where the expectation beside the file has passed through 64-bit nanoseconds (int96_from_spark.md of parquet-testing). */
const SPARK = [
  1704141296123456n,
  1704070800000000n,
  253402225200000000n,
  1735599600000000n,
  null,
  9089380393200000000n,
];

function timestamp(microseconds: bigint): string {
  // Beyond what a Date can say.
  if (microseconds > 8_640_000_000_000_000_000n) return String(microseconds);
  const text = new Date(Number(microseconds / 1000n)).toISOString().replace('T', ' ').slice(0, 19);
  const rest = microseconds % 1_000_000n;
  return rest === 0n ? text : `${text}.${rest.toString().padStart(6, '0')}`;
}

function json(type: DataType, value: any): unknown {
  if (value === null || value === undefined) return null;
  switch (type.typeId) {
    case Type.Binary:
    case Type.FixedSizeBinary:
      return Buffer.from(value).toString('hex');
    case Type.Int:
      return typeof value === 'bigint' ? String(value) : value;
    case Type.Float:
      return Number.isNaN(value) ? 'NaN' : value;
    case Type.List:
      return [...value].map((v) => json(type.children[0]!.type, v));
    case Type.Struct:
      return Object.fromEntries(type.children.map((f) => [f.name, json(f.type, value[f.name])]));
    case Type.Map: {
      const [key, item] = type.children[0]!.type.children;
      return [...value].map(([k, v]) => [json(key!.type, k), json(item!.type, v)]);
    }
    default:
      return value;
  }
}

async function read(name: string): Promise<Record<string, unknown>[]> {
  const source = await storageFor(FOLDER).open(sharedPath(`${FOLDER}/${name}`));
  const plan = await parquet.plan(source);
  const batches: RecordBatch[] = [];
  for (const [group, { rows }] of plan.groups.entries()) {
    let seen = 0;
    for await (const batch of parquet.read(source, group)) {
      batches.push(batch);
      seen += batch.numRows;
    }
    assert.equal(seen, rows);
  }
  return batches.flatMap((batch) => {
    assert.deepEqual(
      batch.schema.fields.map((f) => String(f.type)),
      plan.columns.map((c) => c.type),
    );
    const columns = batch.schema.fields.map(
      (f, i) => [f.name, f.type, batch.getChildAt(i)!, batch.data.children[i]!] as const,
    );
    return Array.from({ length: batch.numRows }, (_, row) =>
      Object.fromEntries(
        columns.map(([field, type, column, data]) => {
          if (type.typeId !== Type.Timestamp) return [field, json(type, column.get(row))];
          return [field, data.getValid(row) ? timestamp((data.values as BigInt64Array)[row]!) : null];
        }),
      ),
    );
  });
}

/** Python's JSON: NaN is bare, and integers are exact. */
function expectedRows(name: string): any[] {
  const text = readFileSync(sharedPath(`${FOLDER}/${name.replace(/parquet$/, 'first50.json')}`), 'utf8');
  return JSON.parse(text.replace(/\bNaN\b/g, '"NaN"').replace(/(?<=[[:,] ?)-?\d{16,}(?=[,\]}])/g, '"$&"'));
}

/** Our rows with 64-bit integers as numbers where the expectation has them so. */
function like(expected: any, ours: any): any {
  if (typeof expected === 'number' && typeof ours === 'string') return Number(ours);
  if (Array.isArray(expected) && Array.isArray(ours)) return ours.map((v, i) => like(expected[i], v));
  if (expected !== null && typeof expected === 'object' && ours !== null && typeof ours === 'object') {
    return Object.fromEntries(Object.entries(ours).map(([k, v]) => [k, like(expected[k], v)]));
  }
  return ours;
}

const files = existsSync(sharedPath(FOLDER))
  ? readdirSync(sharedPath(FOLDER)).filter((f) => f.endsWith('.parquet'))
  : [];

test('the golden Parquet files are there', needs(FOLDER), () => assert.equal(files.length, 48));

for (const name of files) {
  const pattern = refused[name];
  if (pattern !== undefined) {
    test(`${name} is refused by name`, async () => {
      await assert.rejects(read(name), (error) => {
        assert.ok(error instanceof InputError, String(error));
        assert.match(error.message, pattern);
        assert.match(error.message, new RegExp(name));
        return true;
      });
    });
    continue;
  }
  test(`${name} has the values it was written with`, async () => {
    const rows = await read(name);
    const manifest = readFileSync(sharedPath(`${FOLDER}/MANIFEST.tsv`), 'utf8')
      .split('\n')
      .map((l) => l.split('\t'));
    const counted = manifest.find(([file]) => file === name)![3];
    if (counted !== '') assert.equal(rows.length, Number(counted));
    if (name === 'int96_from_spark.parquet') {
      assert.deepEqual(
        rows.map((r) => r.a),
        SPARK.map((v) => (v === null ? null : timestamp(v))),
      );
      return;
    }
    if (name === 'nested_structs.rust.parquet') {
      // No expectation lies beside it: hyparquet, another decoder, reads it too.
      await init();
      const whole = readFileSync(sharedPath(`${FOLDER}/${name}`));
      const file = whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer;
      const expected = await parquetReadObjects({ file, compressors: { ZSTD: (bytes) => decompress(bytes) } });
      const text = (value: unknown) =>
        JSON.stringify(value, (key, v) => {
          // The one column of timestamps: hyparquet makes Dates of them.
          if (key === 'ul_observation_date') return undefined;
          return typeof v === 'bigint' || typeof v === 'number' ? String(v) : v;
        });
      assert.equal(text(rows), text(expected));
      return;
    }
    const expected = expectedRows(name);
    assert.ok(expected.length === Math.min(50, rows.length));
    assert.deepEqual(
      rows.slice(0, 50).map((r, i) => like(expected[i], r)),
      expected,
    );
    const table = sharedPath(`${FOLDER}/${name.replace('.parquet', '_expect.csv')}`);
    if (!existsSync(table)) return;
    const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
    assert.equal(lines.length, rows.length);
    for (const [i, line] of lines.entries()) {
      const cells = [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map((m) => m[1] ?? m[2] ?? '');
      assert.deepEqual(
        Object.values(rows[i]!).map((v) => (v === null ? '' : String(v))),
        cells.map((c) => (c.trimEnd() === '' ? '' : c)),
      );
    }
  });
}
