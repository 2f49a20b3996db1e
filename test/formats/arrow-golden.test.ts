/** Every golden Arrow file and stream against the integration JSON beside it, or refused by name. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Data, Type } from 'apache-arrow';
import { arrow } from '../../formats/arrow.js';
import { InputError } from '../../schemas/errors.js';
import { storageFor } from '../../storage/index.js';
import { needs, sharedPath } from '../shared.js';

const FOLDER = 'data/golden/arrow';

const refused: Record<string, RegExp> = {
  '1.0.0-bigendian__primitive': /schema: expected little-endian data, got big-endian data/,
  '1.0.0-littleendian__union': /column .*: expected a type that can be read, got the type .*Union.*not supported/,
  '1.0.0-littleendian__duplicate_fieldnames':
    /column ints: expected a column of this name, got two columns of this name/,
};

type Json = any;

const hexBytes = (hex: string) => hex.toLowerCase();

/** Values of a column of the integration format: integers as text, bytes as hex. */
function expectedColumn(field: Json, column: Json, dictionaries: Map<number, unknown[]>): unknown[] {
  const rows = Array.from({ length: column.count }, (_, i) => i);
  const valid = (i: number) => column.VALIDITY === undefined || column.VALIDITY[i] === 1;
  const type = field.dictionary === undefined ? field.type.name : 'dictionary';
  const child = (i: number) => expectedColumn(field.children[i], column.children[i], dictionaries);
  const value = ((): ((i: number) => unknown) => {
    switch (type) {
      case 'dictionary': {
        const values = dictionaries.get(field.dictionary.id)!;
        return (i) => values[Number(column.DATA[i])];
      }
      case 'null':
        return () => null;
      case 'list':
      case 'largelist':
      case 'map': {
        const items = child(0);
        return (i) => items.slice(Number(column.OFFSET[i]), Number(column.OFFSET[i + 1]));
      }
      case 'fixedsizelist': {
        const items = child(0);
        const width = field.type.listSize;
        return (i) => items.slice(i * width, (i + 1) * width);
      }
      case 'struct': {
        const children = field.children.map((_: Json, k: number) => child(k));
        return (i) => children.map((values: unknown[]) => values[i]);
      }
      case 'binaryview':
      case 'utf8view':
        return (i) => {
          const view = column.VIEWS[i];
          if (view.INLINED !== undefined)
            return type === 'utf8view' ? Buffer.from(view.INLINED).toString('hex') : hexBytes(view.INLINED);
          return hexBytes(
            column.VARIADIC_DATA_BUFFERS[view.BUFFER_INDEX].slice(2 * view.OFFSET, 2 * (view.OFFSET + view.SIZE)),
          );
        };
      case 'utf8':
      case 'largeutf8':
        return (i) => Buffer.from(column.DATA[i]).toString('hex');
      case 'binary':
      case 'largebinary':
      case 'fixedsizebinary':
        return (i) => hexBytes(column.DATA[i]);
      case 'bool':
        return (i) => Boolean(column.DATA[i]);
      case 'floatingpoint':
        return (i) => (field.type.precision === 'SINGLE' ? Math.fround(column.DATA[i]) : column.DATA[i]);
      case 'interval':
        return (i) =>
          typeof column.DATA[i] === 'object' ? Object.values(column.DATA[i]).map(String) : String(column.DATA[i]);
      default:
        return (i) => String(column.DATA[i]);
    }
  })();
  return rows.map((i) => (valid(i) ? value(i) : null));
}

/** The same of ours, from the buffers. */
function ourColumn(data: Data): unknown[] {
  const { type, valueOffsets: offsets, values, stride } = data;
  const rows = Array.from({ length: data.length }, (_, i) => i);
  const value = ((): ((i: number) => unknown) => {
    switch (type.typeId) {
      case Type.Null:
        return () => null;
      case Type.List:
      case Type.Map: {
        const items = ourColumn(data.children[0]!);
        return (i) => items.slice(offsets[i], offsets[i + 1]);
      }
      case Type.FixedSizeList: {
        const items = ourColumn(data.children[0]!);
        return (i) => items.slice(i * stride, (i + 1) * stride);
      }
      case Type.Struct: {
        const children = data.children.map(ourColumn);
        return (i) => children.map((column) => column[i]);
      }
      case Type.Utf8:
      case Type.Binary:
        return (i) => Buffer.from(values.slice(offsets[i], offsets[i + 1])).toString('hex');
      case Type.FixedSizeBinary:
        return (i) => Buffer.from(values.slice(i * stride, (i + 1) * stride)).toString('hex');
      case Type.Bool:
        return (i) => ((values[i >> 3] >> (i & 7)) & 1) === 1;
      case Type.Decimal: {
        const words = (i: number) =>
          Array.from({ length: stride }, (_, k) => BigInt(values[i * stride + k]) << BigInt(32 * k));
        return (i) =>
          String(
            BigInt.asIntN(
              32 * stride,
              words(i).reduce((a, b) => a | b, 0n),
            ),
          );
      }
      case Type.Interval: {
        if (stride === 1) return (i) => String(values[i]);
        const long = (i: number) => (BigInt(values[4 * i + 3]) << 32n) | BigInt(values[4 * i + 2] >>> 0);
        return (i) =>
          (stride === 2 ? [values[2 * i], values[2 * i + 1]] : [values[4 * i], values[4 * i + 1], long(i)]).map(String);
      }
      case Type.Float:
        return (i) => values[i];
      default:
        return (i) => String(values[i]);
    }
  })();
  return rows.map((i) => (data.getValid(i) ? value(i) : null));
}

async function ours(file: string, groupColumns?: string[]): Promise<unknown[][]> {
  const source = await storageFor(FOLDER).open(sharedPath(`${FOLDER}/${file}`));
  const plan = await arrow.plan(source);
  const columns: unknown[][] = (groupColumns ?? plan.columns.map((c) => c.name)).map(() => []);
  for (const [group, { rows }] of plan.groups.entries()) {
    let seen = 0;
    for await (const batch of arrow.read(source, group, groupColumns)) {
      seen += batch.numRows;
      for (const [i, data] of batch.data.children.entries()) columns[i]!.push(...ourColumn(data));
      const types = new Map(plan.columns.map((c) => [c.name, c.type]));
      for (const field of batch.schema.fields) assert.equal(String(field.type), types.get(field.name));
    }
    assert.equal(seen, rows);
  }
  return columns;
}

function expected(name: string): { names: string[]; columns: unknown[][] } {
  const json: Json = JSON.parse(gunzipSync(readFileSync(sharedPath(`${FOLDER}/${name}.json.gz`))).toString());
  const { fields } = json.schema;
  const dictionaryFields = new Map<number, Json>();
  const look = (field: Json) => {
    if (field.dictionary !== undefined) dictionaryFields.set(field.dictionary.id, field);
    field.children.forEach(look);
  };
  fields.forEach(look);
  const dictionaries = new Map<number, unknown[]>();
  // Values of a dictionary may hold indices into another one, which may be listed later.
  for (let round = 0; round < 3; round++) {
    for (const { id, data } of json.dictionaries ?? []) {
      try {
        const { dictionary: _, ...value } = dictionaryFields.get(id);
        dictionaries.set(id, expectedColumn(value, data.columns[0], dictionaries));
      } catch {
        // In a later round.
      }
    }
  }
  const columns = fields.map((field: Json, i: number) =>
    json.batches.flatMap((batch: Json) => expectedColumn(field, batch.columns[i], dictionaries)),
  );
  return { names: fields.map((f: Json) => f.name), columns };
}

const files = existsSync(sharedPath(FOLDER))
  ? readdirSync(sharedPath(FOLDER)).filter((f) => /\.(arrow_file|stream)$/.test(f))
  : [];

test('the golden Arrow files are there', needs(FOLDER), () => assert.equal(files.length, 58));

for (const file of files) {
  const name = file.replace(/\.(arrow_file|stream)$/, '');
  const pattern = refused[name];
  if (pattern !== undefined) {
    test(`${file} is refused by name`, async () => {
      await assert.rejects(ours(file), (error) => {
        assert.ok(error instanceof InputError, String(error));
        assert.match(error.message, pattern);
        return true;
      });
    });
    continue;
  }
  test(`${file} has the values it was written with`, async () => {
    const { names, columns } = expected(name);
    const found = await ours(file);
    for (const [i, column] of columns.entries()) assert.deepEqual(found[i], column, `column ${names[i]}`);
    assert.equal(found.length, columns.length);
    const last = names.at(-1)!;
    assert.deepEqual(await ours(file, [last]), [columns.at(-1)]);
  });
}
