import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  Binary,
  Bool,
  type DataType,
  Decimal,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  List,
  makeBuilder,
  Null,
  type RecordBatch,
  Schema,
  Struct,
  TimestampMillisecond,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import fc from 'fast-check';
import { maskedCrc32c } from '../../formats/crc32c.js';
import { batchOf } from '../../formats/data.js';
import { decodeExample, type Feature } from '../../formats/example.js';
import { tfFeature } from '../../formats/tfrecord-columns.js';
import { readTfrecords } from '../../formats/tfrecord-reader.js';
import { tfrecordWriter } from '../../formats/tfrecord-writer.js';
import type { ByteSource } from '../../schemas/bytes.js';
import { InputError } from '../../schemas/errors.js';
import { needs, sharedPath } from '../shared.js';
import { cut, memorySource, written } from './memory.js';
import { batches } from './random.js';

const FOLDER = 'data/golden/tfrecord';

async function records(source: ByteSource): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const record of readTfrecords(source)) found.push(record.slice());
  return found;
}

const golden = (name: string) => memorySource(new Uint8Array(readFileSync(sharedPath(`${FOLDER}/${name}`))), name);

function json({ kind, values }: Feature): unknown {
  if (kind === 'none') return [null, []];
  if (kind === 'bytes') return ['bytes_list', values.map((v) => Buffer.from(v).toString('base64'))];
  if (kind === 'int64') return ['int64_list', values.map(String)];
  return ['float_list', values.map(String)];
}

test('the checksum is the one that TensorFlow masks', () => {
  // 0xe3069283 is the CRC-32C of "123456789" (RFC 3720, B.4).
  const crc = 0xe3069283;
  assert.equal(maskedCrc32c(Buffer.from('123456789')), (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
});

for (const name of ['edge.tfrecord', 'edge.tfrecord.gz', 'edge.tfrecord.zlib']) {
  test(`${name} has the records that TensorFlow wrote`, needs(FOLDER), async () => {
    const text = readFileSync(sharedPath(`${FOLDER}/edge.expected.json`), 'utf8')
      .replace(/(?<=[\s[,])-?\d{16,}(?=[,\s\]])/g, '"$&"')
      .replace(/(?<!")-?\b(NaN|Infinity)\b/g, '"$&"');
    const expected: { len: number; sha1: string; features: Record<string, [string | null, unknown[]]> }[] =
      JSON.parse(text);
    const found = await records(golden(name));
    assert.equal(found.length, expected.length);
    for (const [i, record] of found.entries()) {
      assert.equal(record.length, expected[i]!.len);
      assert.equal(createHash('sha1').update(record).digest('hex'), expected[i]!.sha1);
      const features = Object.fromEntries([...decodeExample(record)].map(([key, f]) => [key, json(f)]));
      const wanted = Object.entries(expected[i]!.features).map(([key, [kind, values]]) => [
        key,
        [
          kind,
          kind === 'bytes_list' || kind === null
            ? values
            : values.map((v) => (kind === 'float_list' ? String(Number(v)) : String(v))),
        ],
      ]);
      assert.deepEqual(features, Object.fromEntries(wanted));
    }
  });
}

test('other golden files are read, the empty one too', needs(FOLDER), async () => {
  assert.deepEqual(await records(golden('empty.tfrecord')), []);
  const example = await records(golden('torchdata_example.tfrecord'));
  assert.ok(example.length > 0 && example.every((r) => decodeExample(r).size > 0));
  assert.ok((await records(golden('torchdata_sequence_example.tfrecord'))).length > 0);
});

function batch(columns: Record<string, [DataType, unknown[]]>): RecordBatch {
  const entries = Object.entries(columns);
  const schema = new Schema(entries.map(([name, [type]]) => new Field(name, type, true)));
  const data = entries.map(([, [type, values]]) => {
    const builder = makeBuilder({ type, nullValues: [null] });
    for (const value of values) builder.append(value as never);
    return builder.finish().flush();
  });
  return batchOf(schema, data, entries[0]![1][1].length);
}

async function examples(of: RecordBatch): Promise<Map<string, Feature>[]> {
  const found = await records(memorySource(await written(tfrecordWriter(of.schema), [of])));
  return found.map((r) => decodeExample(r));
}

test('columns of every kind arrive as the features they should be, keys sorted', async () => {
  const list = (type: DataType) => new List(new Field('item', type, true));
  const box = new FixedSizeList(2, new Field('item', new Float32(), true));
  const [first, second] = await examples(
    batch({
      text: [new Utf8(), ['é中', null]],
      Image: [new Binary(), [Uint8Array.of(0, 255), null]],
      flag: [new Bool(), [true, null]],
      small: [new Int8(), [-1, null]],
      big: [new Int64(), [-(2n ** 63n), 2n ** 62n]],
      unsigned: [new Uint64(), [2n ** 64n - 1n, 300n]],
      u32: [new Uint32(), [4294967295, 128]],
      time: [new TimestampMillisecond(), [1_700_000_000_000, null]],
      score: [new Float64(), [0.1, null]],
      tags: [list(new Utf8()), [['a', '', null], null]],
      counts: [list(new Int32()), [[1, -2, 300], []]],
      boxes: [
        list(box),
        [
          [
            [1, 2],
            [3, 4],
          ],
          [],
        ],
      ],
      nothing: [new Null(), [null, null]],
      face: [
        new Struct([new Field('x', new Int32(), true), new Field('s', new Utf8(), true)]),
        [{ x: 1, s: '"' }, null],
      ],
    }),
  );
  const plain = (features: Map<string, Feature>) =>
    Object.fromEntries(
      [...features].map(([k, f]) => [
        k,
        f.kind === 'bytes' ? f.values.map((v) => Buffer.from(v).toString('latin1')) : f.values,
      ]),
    );
  assert.deepEqual(
    [...first!.keys()],
    [
      'Image',
      'big',
      'boxes',
      'counts',
      'face',
      'flag',
      'nothing',
      'score',
      'small',
      'tags',
      'text',
      'time',
      'u32',
      'unsigned',
    ],
  );
  assert.deepEqual(plain(first!), {
    Image: ['\x00\xff'],
    big: [-(2n ** 63n)],
    boxes: [1, 2, 3, 4],
    counts: [1n, -2n, 300n],
    face: ['{"x":1,"s":"\\""}'],
    flag: [1n],
    nothing: [''],
    score: [Math.fround(0.1)],
    small: [-1n],
    tags: ['a', '', ''],
    text: [Buffer.from('é中').toString('latin1')],
    time: [1_700_000_000_000n],
    u32: [4294967295n],
    unsigned: [-1n],
  });
  assert.deepEqual(plain(second!), {
    Image: [''],
    big: [2n ** 62n],
    boxes: [],
    counts: [],
    face: [''],
    flag: [0n],
    nothing: [''],
    score: [Number.NaN],
    small: [0n],
    tags: [],
    text: [''],
    time: [0n],
    u32: [128n],
    unsigned: [300n],
  });
  assert.deepEqual(tfFeature(list(box)), { kind: 'float', list: true, content: 'number' });
  assert.deepEqual(tfFeature(new Decimal(2, 10)), { kind: 'bytes', list: false, content: 'json' });
});

test('64-bit integers are written as protocol buffers write them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          fc.nat(63).map((n) => 2n ** BigInt(n) - 1n),
        ),
        { minLength: 1 },
      ),
      async (values) => {
        const found = await examples(batch({ x: [new Int64(), values] }));
        assert.deepEqual(
          found.map((f) => f.get('x')!.values[0]),
          values,
        );
      },
    ),
  );
});

test('any batch is written, in any cuts alike, one record a row with every key', async () => {
  await fc.assert(
    fc.asyncProperty(batches({ dictionaries: false }), fc.array(fc.nat(1000), { maxLength: 4 }), async (of, ends) => {
      const file = await written(tfrecordWriter(of.schema), [of]);
      assert.deepEqual(await written(tfrecordWriter(of.schema), cut(of, ends)), file);
      const found = (await records(memorySource(file))).map((r) => decodeExample(r));
      assert.equal(found.length, of.numRows);
      for (const features of found)
        assert.deepEqual([...features.keys()].sort(), of.schema.fields.map((f) => f.name).sort());
    }),
    { numRuns: 150 },
  );
});

test('every flipped byte and every cut is noticed', async () => {
  const file = await written(tfrecordWriter(new Schema([new Field('t', new Utf8(), true)])), [
    batch({ t: [new Utf8(), ['one', 'two']] }),
  ]);
  for (let i = 0; i < file.length; i++) {
    const bad = file.slice();
    bad[i]! ^= 0x10;
    await assert.rejects(records(memorySource(bad)), InputError, `byte ${i}`);
    const whole = i === file.length / 2 || i === 0;
    if (!whole) await assert.rejects(records(memorySource(file.slice(0, i))), InputError, `cut at ${i}`);
  }
  await assert.rejects(records(memorySource(new Uint8Array(gzipSync(file).subarray(0, 20)))), InputError);
});
