import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Binary, Field, makeData, Schema, Struct, Utf8, vectorFromArray } from 'apache-arrow';
import { batchOf } from '../../../formats/data.js';
import { imageHeader } from '../../../formats/image-header.js';
import { createFilters, expandRules } from '../../../transforms/filter/index.js';
import { withTrainableImages } from '../../../transforms/filter/trainable.js';
import { firstImages, isImageStruct, structField } from '../../../transforms/read/image-column.js';
import { readParquetFile } from '../../end-to-end/outputs.js';
import { needs, sharedPath } from '../../shared.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));

const IMAGES = {
  jpeg: hex('ffd8 ffe00004abcd ffc0000b08 0005 0007 01011100 ffda0008 010100003f00 12ff0034 ffd9'),
  png: hex('89504e470d0a1a0a 0000000d49484452 00000007 00000005 0802000000 00000000 0000000049454e44ae426082'),
  gif: hex('474946383961 0700 0500 000000 2c000000000700050000 02 01 aa 00 3b'),
  webp: hex('52494646 16000000 57454250 5650384c 0a000000 2f 06000100 0000000000'),
  bmp: hex(`424d 3a000000 00000000 36000000 28000000 01000000 01000000 0100 1800 00000000 ${'00'.repeat(20)} 00000000`),
} as const;

test('headers of five formats: size, and whether the end is there', () => {
  for (const [format, bytes] of Object.entries(IMAGES)) {
    const size = format === 'bmp' ? { width: 1, height: 1 } : { width: 7, height: 5 };
    assert.deepEqual(imageHeader(bytes), { format, ...size }, format);
    for (let end = 0; end < bytes.length; end++) {
      const { fault } = imageHeader(bytes.subarray(0, end));
      assert.ok(fault === 'unknown' || fault === 'truncated', `${format} cut at ${end}: ${fault}`);
    }
  }
});

test(
  'portraits have the size that their columns tell, and every cut of one is noticed',
  needs('data/pairs/portraits.parquet'),
  async () => {
    const { names, rows } = await readParquetFile(sharedPath('data/pairs/portraits.parquet'));
    const at = (name: string) => names.indexOf(name);
    for (const row of rows) {
      const bytes = row[at('image')] as Uint8Array;
      const header = imageHeader(bytes);
      assert.deepEqual(header, { format: 'jpeg', width: Number(row[at('width')]), height: Number(row[at('height')]) });
      assert.equal(imageHeader(bytes.subarray(0, bytes.length >> 1)).fault, 'truncated');
    }
  },
);

const column = (values: (Uint8Array | null)[]) => vectorFromArray(values, new Binary()).data[0]!;

test('the filter has a reason for each fault, and the size comes from the header where there are no columns', () => {
  const { jpeg, png, gif } = IMAGES;
  const values = [
    jpeg,
    null,
    new Uint8Array(0),
    hex('3c68746d6c3e'),
    jpeg.subarray(0, 30),
    hex('ffd8ffc00003'),
    gif,
    png,
  ];
  const batch = batchOf(new Schema([new Field('image', new Binary(), true)]), [column(values)], values.length);
  const reasons = (rules: Parameters<typeof createFilters>[0]) => {
    const [filter] = createFilters(expandRules(rules, ['image']));
    const drop = new Uint8Array(values.length);
    filter!.select(batch, drop, 1);
    return [...drop].map((code) => (code === 0 ? '' : filter!.reasons[code - 1]!));
  };
  assert.deepEqual(reasons([{ image: { formats: ['jpeg', 'png'] } }]), [
    '',
    'image: null',
    'image: empty',
    'image: no image',
    'image: cut off',
    'image: corrupt header',
    'image: other format',
    '',
  ]);
  assert.deepEqual(reasons([{ side: { minimum: 5 } }]).filter((r) => r === '').length, 4);
  assert.deepEqual(reasons([{ side: { minimum: 6 } }])[0], 'side: too small');
});

test("Hugging Face's struct gives its bytes, null where the struct is; of several columns a row has the first", () => {
  const type = new Struct([new Field('bytes', new Binary(), true), new Field('path', new Utf8(), true)] as Field[]);
  assert.ok(isImageStruct(String(type)));
  const children = [column([hex('01'), hex('02'), null]), vectorFromArray(['a', 'b', 'c'], new Utf8()).data[0]!];
  const struct = makeData({
    type,
    length: 3,
    nullCount: 1,
    nullBitmap: Uint8Array.of(0b101),
    children: children as never,
  });
  const values = (data: ReturnType<typeof column>) =>
    Array.from({ length: data.length }, (_, i) => {
      if (!data.getValid(i)) return null;
      return Buffer.from(data.values.subarray(data.valueOffsets[i], data.valueOffsets[i + 1])).toString('hex');
    });
  assert.deepEqual(values(structField(struct as never, 'bytes') as never), ['01', null, null]);
  const joined = firstImages([column([hex('01'), null, null]), column([hex('0a'), hex('0b0c'), null])]);
  assert.deepEqual(values(joined as never), ['01', '0b0c', null]);
});

test('TFRecords with images keep what TensorFlow decodes, tar files what open_clip reads, unless a rule says so already', () => {
  const columns = [
    { name: 'text', type: 'Utf8', nullable: true },
    { name: 'image', type: 'Binary', nullable: true },
  ];
  const words = { words: { column: 'text', minimum: 2 } };
  const own = { image: { formats: ['jpeg' as const] } };
  const wide = { image: { formats: ['jpeg' as const, 'webp' as const] } };
  const added = { image: { formats: ['jpeg', 'png', 'bmp'] } };
  const tfrecord = { formats: ['parquet' as const, 'tfrecord' as const] };
  assert.deepEqual(withTrainableImages([words], columns, tfrecord), [words, added]);
  assert.deepEqual(withTrainableImages([words, wide], columns, tfrecord), [words, wide, added]);
  assert.deepEqual(withTrainableImages([own, words], columns, tfrecord), [own, words]);
  assert.deepEqual(withTrainableImages([words], columns.slice(0, 1), tfrecord), [words]);
  assert.deepEqual(withTrainableImages([words], columns, { formats: ['parquet', 'arrow', 'datacomp'] }), [words]);
  const tar = { formats: ['webdataset' as const] };
  assert.deepEqual(withTrainableImages([words], columns, tar), [
    words,
    { image: { formats: ['jpeg', 'png', 'webp'] } },
  ]);
  assert.deepEqual(withTrainableImages([wide], columns, tar), [wide]);
  const both = { formats: ['webdataset' as const, 'tfrecord' as const] };
  assert.deepEqual(withTrainableImages([wide], columns, both), [wide, { image: { formats: ['jpeg', 'png'] } }]);
  const encoded = { ...tfrecord, images: { format: 'jpeg' as const } };
  const decoded = { image: { formats: ['jpeg', 'png', 'gif', 'webp'] } };
  assert.deepEqual(withTrainableImages([words], columns, encoded), [words, decoded]);
  assert.deepEqual(withTrainableImages([words, wide], columns, encoded), [words, wide]);
});
