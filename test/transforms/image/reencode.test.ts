/** Images encoded again: what of each is kept, what cannot be, and the columns that tell their size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Binary, Float64, Int32, Int64, type RecordBatch, Utf8 } from 'apache-arrow';
import sharp from 'sharp';
import { ConfigError, InputError } from '../../../schemas/errors.js';
import type { ImagesConfig } from '../../../schemas/output.js';
import { type Encoder, openEncoder } from '../../../transforms/image/encoder.js';
import { reencode } from '../../../transforms/image/reencode.js';
import { batchOf } from '../../end-to-end/inputs.js';

const JPEG: ImagesConfig = { format: 'jpeg' };
const RED = { r: 255, g: 0, b: 0 };

const plain = (width: number, height: number, background: object = RED) =>
  sharp({ create: { width, height, channels: 'alpha' in background ? 4 : 3, background } });

async function encoded(config: ImagesConfig, bytes: Uint8Array) {
  const made = await (await openEncoder(config)).encode(bytes);
  assert.ok(made !== undefined);
  const { data, info } = await sharp(made.bytes).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [made.width, made.height]);
  const { format, space, orientation, exif } = await sharp(made.bytes).metadata();
  return { ...made, pixels: data, channels: info.channels, format, space, orientation, exif };
}

/** The first pixel is nearly this one. */
function assertPixel(pixels: Uint8Array, expected: readonly number[], at = 0): void {
  const got = Array.from(pixels.subarray(at, at + expected.length));
  assert.ok(
    got.every((value, i) => Math.abs(value - expected[i]!) < 6),
    `${got} where ${expected} was expected`,
  );
}

test('what sharp decodes becomes what is wanted: the shorter side at most as asked, never larger', async () => {
  for (const format of ['jpeg', 'png', 'gif', 'webp'] as const) {
    const given = await plain(60, 20).toFormat(format).toBuffer();
    const smaller = await encoded({ format: 'jpeg', resize: 10 }, given);
    assert.deepEqual([smaller.format, smaller.width, smaller.height, smaller.channels], ['jpeg', 30, 10, 3], format);
    assertPixel(smaller.pixels, [255, 0, 0]);
    const same = await encoded({ format: 'png', resize: 100 }, given);
    assert.deepEqual([same.format, same.width, same.height], ['png', 60, 20], format);
    const webp = await encoded({ format: 'webp', quality: 50 }, given);
    assert.deepEqual([webp.format, webp.width, webp.height], ['webp', 60, 20], format);
  }
});

test('transparency becomes white, grey and 16 bits become sRGB of 8, an orientation tag becomes pixels, metadata goes', async () => {
  const clear = await plain(4, 4, { ...RED, alpha: 0 })
    .png()
    .toBuffer();
  assertPixel((await encoded({ format: 'png' }, clear)).pixels, [255, 255, 255]);
  const grey = await plain(4, 4, { r: 90, g: 90, b: 90 }).toColourspace('b-w').png().toBuffer();
  const fromGrey = await encoded(JPEG, grey);
  assert.equal(fromGrey.channels, 3);
  assertPixel(fromGrey.pixels, [90, 90, 90]);
  const deep = await plain(4, 4).toColourspace('rgb16').png().toBuffer();
  assert.equal((await sharp(deep).metadata()).depth, 'ushort');
  const fromDeep = await encoded({ format: 'png' }, deep);
  assert.deepEqual([fromDeep.channels, fromDeep.pixels.length, fromDeep.space], [3, 48, 'srgb']);
  assertPixel(fromDeep.pixels, [255, 0, 0]);
  const turned = await plain(40, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const upright = await encoded(JPEG, turned);
  assert.deepEqual([upright.width, upright.height, upright.orientation, upright.exif], [20, 40, undefined, undefined]);
});

test('of an animation the first picture', async () => {
  const frames = Buffer.concat([Buffer.alloc(4 * 4 * 3, 0), Buffer.alloc(4 * 4 * 3, 255)]);
  for (const format of ['gif', 'webp'] as const) {
    const animated = await sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      .toFormat(format)
      .toBuffer();
    assert.equal((await sharp(animated).metadata()).pages, 2, format);
    const { width, height, pixels } = await encoded({ format: 'png' }, animated);
    assert.deepEqual([width, height], [4, 4]);
    assertPixel(pixels, [0, 0, 0]);
  }
});

/** A picture that is whole, and of more pixels than are decoded, in few bytes. */
const bomb = () => plain(8193, 8193, { r: 0, g: 0, b: 0 }).toColourspace('b-w').png({ compressionLevel: 1 }).toBuffer();

test('what is no picture, cut off, a bomb, or of a format that names other files is not encoded', async () => {
  const encoder = await openEncoder(JPEG);
  const jpeg = await plain(200, 200).jpeg().toBuffer();
  const hostile = {
    'no image': Buffer.from('no image at all'),
    svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    tiff: await plain(4, 4).tiff().toBuffer(),
    'cut off': jpeg.subarray(0, 400),
    'only a head': Buffer.from([0xff, 0xd8, 0xff]),
    bomb: await bomb(),
  };
  assert.ok(hostile.bomb.length < 1e6);
  for (const [name, bytes] of Object.entries(hostile)) assert.equal(await encoder.encode(bytes), undefined, name);
  const long = await plain(16_384, 1).png().toBuffer();
  assert.equal(await (await openEncoder({ format: 'webp' })).encode(long), undefined, 'too wide for WebP');
});

test('the same bytes again; another quality, others', async () => {
  const noise = await sharp({
    create: { width: 64, height: 48, channels: 3, background: RED, noise: { type: 'gaussian', mean: 120, sigma: 40 } },
  })
    .png()
    .toBuffer();
  const of = async (config: ImagesConfig) => Buffer.from((await encoded(config, noise)).bytes);
  const first = await of({ format: 'jpeg', resize: 32 });
  assert.deepEqual(await of({ format: 'jpeg', resize: 32 }), first);
  assert.deepEqual(await of({ format: 'jpeg', resize: 32, quality: 95 }), first);
  assert.ok((await of({ format: 'jpeg', resize: 32, quality: 30 })).length < first.length);
});

test('a machine with another sharp than the run was planned with is told so', async () => {
  const { versions } = await openEncoder(JPEG);
  assert.deepEqual(Object.keys(versions), ['sharp', 'libvips']);
  await openEncoder(JPEG, { ...versions });
  const other = { ...versions, libvips: '1.2.3' };
  await assert.rejects(openEncoder(JPEG, other), (error) => {
    return error instanceof ConfigError && /libvips 1\.2\.3, with which the run was planned/.test(error.message);
  });
});

const valuesOf = (batch: RecordBatch, name: string) => {
  const column = batch.getChild(name)!;
  return Array.from({ length: batch.numRows }, (_, row) => column.get(row));
};

test('rows keep their places, however long each takes; sizes follow as Int32, of whatever type they were', async () => {
  const sizes = [30, 3, 20, 5, 10];
  const images = await Promise.all(
    sizes.map((size) =>
      plain(size, 2 * size)
        .png()
        .toBuffer(),
    ),
  );
  const values = [...images, null, new Uint8Array(), Buffer.from('none')];
  const rows = values.length;
  const wide = Array.from({ length: rows }, (_, row) => BigInt(900 + row));
  const batch = batchOf([
    ['id', { type: new Utf8(), values: Array.from({ length: rows }, (_, row) => `r${row}`) }],
    ['width', { type: new Int64(), values: [null, ...wide.slice(1)] }],
    ['image', { type: new Binary(), values }],
    ['height', { type: new Utf8(), values: Array.from({ length: rows }, () => 'tall') }],
    ['score', { type: new Float64(), values: Array.from({ length: rows }, (_, row) => row / 2) }],
  ]);
  const slow: Encoder = {
    versions: {},
    async encode(bytes) {
      const size = (
        await sharp(bytes)
          .metadata()
          .catch(() => undefined)
      )?.width;
      if (size === undefined) return undefined;
      await new Promise((resolve) => setTimeout(resolve, size));
      return { bytes: Uint8Array.of(size), width: size, height: 2 * size };
    },
  };
  const wanted = Uint8Array.of(1, 2, 0, 1, 1, 1, 1, 3);
  const { batch: own, lost } = await reencode(batch, wanted, slow);
  assert.deepEqual(Array.from(lost), [0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(
    valuesOf(own, 'image').map((bytes) => bytes && Array.from(bytes as Uint8Array)),
    [[30], [3], null, [5], [10], null, null, null],
  );
  assert.deepEqual(valuesOf(own, 'width'), [30, 3, null, 5, 10, 905, 906, null]);
  assert.deepEqual(valuesOf(own, 'height'), [60, 6, null, 10, 20, null, null, null]);
  assert.deepEqual(valuesOf(own, 'id'), valuesOf(batch, 'id'));
  assert.deepEqual(valuesOf(own, 'score'), valuesOf(batch, 'score'));
  for (const name of ['width', 'height'])
    assert.ok(own.schema.fields.find((f) => f.name === name)!.type instanceof Int32);
  await assert.rejects(
    reencode(batchOf([['image', { type: new Utf8(), values: ['a'] }]]), Uint8Array.of(1), slow),
    InputError,
  );
});

test('no more images at a time than there are cores, and an error of the machine ends the batch', async () => {
  const values = Array.from({ length: 40 }, (_, row) => Uint8Array.of(row));
  const batch = batchOf([['image', { type: new Binary(), values }]]);
  let [now, most] = [0, 0];
  const counting: Encoder = {
    versions: {},
    async encode(bytes) {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      if (bytes[0] === 30) throw new Error('out of memory');
      return { bytes, width: 1, height: 1 };
    },
  };
  await assert.rejects(reencode(batch, new Uint8Array(40).fill(1), counting), /out of memory/);
  const { availableParallelism } = await import('node:os');
  assert.ok(most >= 1 && most <= availableParallelism(), `${most} at a time`);
});
