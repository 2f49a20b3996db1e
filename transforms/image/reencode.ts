/** The images of a batch encoded again, with the columns that tell their size. */
import { Binary, type Data, Field, Int32, makeData, RecordBatch, Schema, Struct } from 'apache-arrow';
import { packBits } from '../../formats/index.js';
import { coresOfProcess } from '../../schemas/cores.js';
import { InputError } from '../../schemas/errors.js';
import { inParallel } from '../../storage/index.js';
import { numbersOf } from '../tag/column.js';
import { kindOf } from '../tag/column-kind.js';
import type { Encoder, Reencoded } from './encoder.js';
import { encodedImages } from './raster.js';

const IMAGE = 'image';
const SIZES = ['width', 'height'] as const;

/** Offsets of Binary are of 32 bits. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

export interface ReencodedBatch {
  /**
   * The batch with other images: null where a row was not wanted, had none or has none now. Where it has columns `width` and `height`, they are Int32 and those of
   * the new images, and what they were where a row has no image.
   */
  readonly batch: RecordBatch;
  /** [rows] 1 where an image was wanted and could not be encoded again. */
  readonly lost: Uint8Array;
}

type Images = readonly (Reencoded | undefined)[];

/**
 * Encodes the images of the rows wanted, as many at a time as there are cores.
 * @param wanted [rows] 1 or more where the row is to be written
 * @throws InputError where the images are together too large for one column, or the column is not binary
 */
export async function reencode(batch: RecordBatch, wanted: Uint8Array, encoder: Encoder): Promise<ReencodedBatch> {
  const given = encodedImages(batch, IMAGE);
  const images: (Reencoded | undefined)[] = new Array(given.length).fill(undefined);
  const lost = new Uint8Array(given.length);
  await inParallel(rowsOf(given, wanted), coresOfProcess(), async (row) => {
    images[row] = await encoder.encode(given[row]!);
    if (images[row] === undefined) lost[row] = 1;
  });
  const fields: Field[] = [];
  const children: Data[] = [];
  batch.schema.fields.forEach((field, i) => {
    const data = replaced(field, batch.data.children[i]!, images, given);
    fields.push(data === undefined ? field : new Field(field.name, data.type, true, field.metadata));
    children.push(data ?? batch.data.children[i]!);
  });
  const schema = new Schema(fields, batch.schema.metadata);
  const data = makeData({ type: new Struct(fields), length: batch.numRows, nullCount: 0, children });
  return { batch: new RecordBatch(schema, data), lost };
}

function rowsOf(given: readonly (Uint8Array | null)[], wanted: Uint8Array): number[] {
  return given.flatMap((bytes, row) => (bytes !== null && wanted[row]! > 0 ? [row] : []));
}

/** @param valid [rows] 0 where null */
function nullsOf(valid: Uint8Array) {
  const nullCount = valid.reduce((nulls, flag) => nulls + 1 - flag, 0);
  return { nullCount, ...(nullCount > 0 && { nullBitmap: packBits(valid, valid.length) }) };
}

/** undefined: the column stays as it is. */
function replaced(field: Field, data: Data, images: Images, given: readonly (Uint8Array | null)[]): Data | undefined {
  if (field.name === IMAGE) return imageColumn(images);
  const size = SIZES.find((name) => name === field.name);
  return size && sizeColumn(size, data, images, given);
}

function imageColumn(images: Images): Data<Binary> {
  const total = images.reduce((sum, image) => sum + (image?.bytes.length ?? 0), 0);
  if (total > MAXIMUM_BYTES) {
    throw new InputError('output.images', {
      place: `column ${IMAGE}`,
      expected: `re-encoded images of a batch of at most ${MAXIMUM_BYTES} bytes`,
      got: `${total}`,
      hint: 'Set output.images.resize.',
    });
  }
  const valueOffsets = new Int32Array(images.length + 1);
  const data = new Uint8Array(total);
  const valid = new Uint8Array(images.length);
  images.forEach((image, row) => {
    valueOffsets[row + 1] = valueOffsets[row]! + (image?.bytes.length ?? 0);
    if (image === undefined) return;
    data.set(image.bytes, valueOffsets[row]);
    valid[row] = 1;
  });
  return makeData({ type: new Binary(), length: images.length, ...nullsOf(valid), valueOffsets, data });
}

function sizeColumn(
  size: (typeof SIZES)[number],
  before: Data,
  images: Images,
  given: readonly (Uint8Array | null)[],
): Data<Int32> {
  const numeric = kindOf({ name: size, type: `${before.type}`, nullable: true }) === 'number';
  const old = numeric ? numbersOf(size, before) : undefined;
  const data = new Int32Array(images.length);
  const valid = new Uint8Array(images.length);
  images.forEach((image, row) => {
    const stays = given[row] === null && old !== undefined && old.valid?.[row] !== 0;
    if (image === undefined && !stays) return;
    data[row] = image === undefined ? Number(old!.values[row]) : image[size];
    valid[row] = 1;
  });
  return makeData({ type: new Int32(), length: images.length, ...nullsOf(valid), data });
}
