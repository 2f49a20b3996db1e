import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Field,
  FixedSizeList,
  Float32,
  Int32,
  List,
  Map_,
  RecordBatch,
  Struct,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { parseConfig } from '../../../schemas/parse-config.js';
import { canonicalise, canonicalSchema, project, resolveColumns } from '../../../transforms/read/columns.js';
import { nameColumns } from '../../../transforms/read/name-columns.js';
import { batchOf } from '../../end-to-end/inputs.js';

function columns(...names: string[]) {
  return names.map((name) => ({ name, type: 'Utf8', nullable: true }));
}

function renames(mapping: Parameters<typeof resolveColumns>[0], ...names: string[]): string[] {
  return resolveColumns(mapping, columns(...names), 'f').map(({ name, input }) => `${input}=${name}`);
}

test('canonical columns come first, in their order, and the others keep theirs', () => {
  assert.deepEqual(renames('auto', 'b', 'caption', 'URL', 'a', 'uid'), [
    'uid=id',
    'caption=text',
    'URL=url',
    'b=b',
    'a=a',
  ]);
});

test('an exact name wins over one in another case, and the first candidate over the next', () => {
  assert.deepEqual(renames('laion', 'TEXT', 'text', 'caption'), ['text=text', 'TEXT=TEXT', 'caption=caption']);
});

test('a second column of one name is refused', () => {
  assert.throws(() => renames({ text: 'alt' }, 'alt', 'text'), {
    name: 'InputError',
    message:
      'columns: f, column text: expected each name once, got a second column that would be called text. Map the columns in input.columns.',
  });
});

test('a preset that recognises nothing is refused, with what there is', () => {
  assert.throws(() => renames('commonpool', 'a', 'b'), {
    message: /preset commonpool \(uid, .*\), got a, b\. Give a mapping/,
  });
  assert.deepEqual(renames('auto', 'a', 'b'), ['a=a', 'b=b']);
});

test('a mapping to a column that is not there is refused, and one to a name of Object.prototype as well', () => {
  assert.throws(() => renames({ id: 'constructor' }, 'a'), {
    message: 'columns: f, input.columns.id: expected a column constructor, got a.',
  });
});

test('a column of a batch is renamed without being copied', () => {
  const batch = batchOf([
    ['TEXT', { type: new Utf8(), values: ['x', null, 'z'] }],
    ['n', { type: new Int32(), values: [1, 2, 3] }],
  ]);
  const sources = resolveColumns(
    'auto',
    batch.schema.fields.map((f) => ({ name: f.name, type: `${f.type}`, nullable: true })),
    'f',
  );
  const schema = canonicalSchema(batch, sources, true);
  const made = canonicalise(batch.slice(1, 3), sources, schema, 99);
  assert.deepEqual(
    made.toArray().map((row) => ({ ...row })),
    [
      { id: '99', text: null, n: 2 },
      { id: '100', text: 'z', n: 3 },
    ],
  );
  assert.equal(made.data.children[1]!.values, batch.data.children[0]!.values);
  assert.deepEqual(
    project(made, ['n', 'id'])
      .toArray()
      .map((row) => ({ ...row })),
    [
      { n: 2, id: '99' },
      { n: 3, id: '100' },
    ],
  );
  assert.throws(() => project(made, ['nope']), { name: 'InvariantError' });
});

/** A value in a form that deepEqual compares. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)));
}

test('what writers call the inside of lists, maps and structs is taken away, and the values stay', () => {
  const nested = (item: string, key: string, value: string, entries: string, nullable: boolean) => {
    const text = new Field(item, new Utf8(), nullable);
    const box = new FixedSizeList(2, new Field(item, new Float32(), nullable));
    const map = new Map_(
      new Field(
        entries,
        new Struct<{ key: Utf8; value: Int32 }>([
          new Field(key, new Utf8(), false),
          new Field(value, new Int32(), nullable),
        ] as never),
        false,
      ),
    );
    return batchOf([
      ['list', { type: new List(text), values: [['a', 'b'], [], null] }],
      ['boxes', { type: new List(new Field(item, box, nullable)), values: [[[1, 2]], null, []] }],
      [
        'struct',
        { type: new Struct([new Field('s', new List(text), nullable)]), values: [{ s: ['x'] }, null, { s: [] }] },
      ],
      ['map', { type: map, values: [new Map([['k', 1]]), new Map(), null] }],
    ]);
  };
  const [ours, theirs] = [
    nested('item', 'key', 'value', 'entries', true),
    nested('element', 'k', 'v', 'key_value', false),
  ];
  const made = [ours, theirs].map((batch) => {
    const sources = batch.schema.fields.map((f) => ({ name: f.name, input: f.name, type: `${f.type}` }));
    return canonicalise(batch, sources, canonicalSchema(batch, sources, false), 0);
  }) as [RecordBatch, RecordBatch];
  const shape = (fields: Field[]): unknown =>
    fields.map((f) => [f.name, f.nullable, `${f.type}`, shape(f.type.children ?? [])]);
  assert.deepEqual(shape(made[0].schema.fields), shape(made[1].schema.fields));
  assert.deepEqual(plain(made[1].toArray()), plain(ours.toArray()));
  for (const [i, field] of made[1].schema.fields.entries()) assert.equal(made[1].data.children[i]!.type, field.type);
});

test('rules may name a column as the file or as the batch has it, in any case; input keeps the names of the file', () => {
  const config = parseConfig({
    input: { files: 'x', columns: { text: 'Alt Text' } },
    attributes: { a: { column: 'FLAG', value: 'Alt Text' } },
    labels: [{ columns: ['y_*', 'ALT TEXT'] }, { list: 'Tags' }],
    filters: [{ words: { column: 'alt text', minimum: 1 } }, { present: { columns: ['Alt Text', 'absent'] } }],
    balance: { utility: 'QUALITY' },
    output: { directory: 'o' },
  });
  const named = nameColumns(config, [
    { name: 'text', input: 'Alt Text', type: 'Utf8' },
    { name: 'flag', input: 'flag', type: 'Bool' },
    { name: 'tags', input: 'tags', type: 'List<Utf8>' },
    { name: 'quality', input: 'quality', type: 'Float32' },
    { name: 'Quality', input: 'Quality', type: 'Float32' },
  ]);
  assert.deepEqual(named.attributes, { a: { ...config.attributes.a, column: 'flag' } });
  assert.deepEqual((named.labels[0] as { columns: string[] }).columns, ['y_*', 'text']);
  assert.equal((named.labels[1] as { list: string }).list, 'tags');
  assert.deepEqual(named.filters, [
    { words: { column: 'text', minimum: 1 } },
    { present: { columns: ['text', 'absent'] } },
  ]);
  assert.equal(named.balance.utility, 'QUALITY', 'two columns differ in case alone');
  assert.deepEqual(named.input, config.input);
});

test('an id of row numbers grows with them', () => {
  const batch = new RecordBatch({ n: vectorFromArray([0, 0, 0], new Int32()).data[0]! });
  const schema = canonicalSchema(batch, [{ name: 'n', input: 'n', type: 'Int32' }], true);
  const first = 2 ** 52;
  const made = canonicalise(batch, [{ name: 'n', input: 'n', type: 'Int32' }], schema, first);
  assert.deepEqual([...made.getChildAt(0)!], [String(first), String(first + 1), String(first + 2)]);
});
