/** Tags as Arrow columns, for the weights table. */
import { Bool, type Data, Field, Float32, List, makeData, Utf8 } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { NEARER, PRESENT, PROBABILITY, type TagNames, type Tags, UNKNOWN } from '../../schemas/tags.js';

const labelsField = () => new Field('labels', new List(new Field('item', new Utf8(), false)), false);

/**
 * Columns `s_<attribute>` (boolean, null where unknown), of soft attributes also `p_<attribute>` (the probability, as it was rounded, of which
 * `s_` is the nearer side), and `labels` (the names that a row carries).
 */
export function tagFields({ attributes, soft = [] }: TagNames): Field[] {
  return [
    ...attributes.map((name) => new Field(`s_${name}`, new Bool(), true)),
    ...soft.map((k) => new Field(`p_${attributes[k]}`, new Float32(), true)),
    labelsField(),
  ];
}

function probabilityData(tags: Tags, attribute: number, attributeCount: number): Data<Float32> {
  const data = new Float32Array(tags.rows);
  const known = new Uint8Array((tags.rows + 7) >> 3);
  let nullCount = 0;
  for (let row = 0; row < tags.rows; row++) {
    const value = tags.attributes[row * attributeCount + attribute]!;
    if (value === UNKNOWN) nullCount++;
    else {
      data[row] = PROBABILITY[value]!;
      known[row >> 3]! |= 1 << (row & 7);
    }
  }
  return makeData({ type: new Float32(), length: tags.rows, nullCount, nullBitmap: known, data });
}

function booleanData(tags: Tags, attribute: number, attributeCount: number): Data<Bool> {
  const bytes = ((tags.rows + 63) >> 6) << 3;
  const bits = new Uint8Array(bytes);
  const known = new Uint8Array(bytes);
  let nullCount = 0;
  for (let row = 0; row < tags.rows; row++) {
    const value = NEARER[tags.attributes[row * attributeCount + attribute]!];
    const bit = 1 << (row & 7);
    if (value === PRESENT) bits[row >> 3]! |= bit;
    if (value === UNKNOWN) nullCount++;
    else known[row >> 3]! |= bit;
  }
  return makeData({ type: new Bool(), length: tags.rows, nullCount, nullBitmap: known, data: bits });
}

/** A job's labels are the same in each of its batches. */
const encodedNames = new WeakMap<readonly string[], readonly Uint8Array[]>();

function encodedOf(names: readonly string[]): readonly Uint8Array[] {
  const known = encodedNames.get(names);
  if (known !== undefined) return known;
  const encoder = new TextEncoder();
  const encoded = names.map((name) => encoder.encode(name));
  encodedNames.set(names, encoded);
  return encoded;
}

/** The column `labels` alone: the names that each row carries. */
export function labelsToArrow(tags: Tags, names: readonly string[]): { field: Field; data: Data<List<Utf8>> } {
  return { field: labelsField(), data: labelData(tags, names) };
}

function labelData(tags: Tags, names: readonly string[]): Data<List<Utf8>> {
  const encoded = encodedOf(names);
  const count = tags.labels.length;
  const itemOffsets = new Int32Array(count + 1);
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    bytes += encoded[tags.labels[i]!]!.length;
    if (bytes > 0x7fff_ffff) {
      throw new InputError('batch too large', {
        place: 'column labels',
        expected: 'at most 2 GiB of label names',
        got: 'more',
      });
    }
    itemOffsets[i + 1] = bytes;
  }
  const data = new Uint8Array(bytes);
  for (let i = 0; i < count; i++) data.set(encoded[tags.labels[i]!]!, itemOffsets[i]!);
  const child = makeData({ type: new Utf8(), length: count, nullCount: 0, valueOffsets: itemOffsets, data });
  return makeData({
    type: new List(new Field('item', new Utf8(), false)),
    length: tags.rows,
    nullCount: 0,
    valueOffsets: Int32Array.from(tags.offsets),
    child,
  });
}

/** The columns of `tagFields`, of `tags.rows` rows each, made straight from the typed arrays. */
export function tagsToArrow(tags: Tags, names: TagNames): { fields: Field[]; data: Data[] } {
  const m = names.attributes.length;
  return {
    fields: tagFields(names),
    data: [
      ...names.attributes.map((_, k) => booleanData(tags, k, m)),
      ...(names.soft ?? []).map((k) => probabilityData(tags, k, m)),
      labelData(tags, names.labels),
    ],
  };
}

/** One row in names: each attribute true, false, a probability or null (unknown), and its labels. */
export function explainRow(
  tags: Tags,
  names: TagNames,
  row: number,
): { attributes: Record<string, boolean | number | null>; labels: string[] } {
  const m = names.attributes.length;
  const attributes = names.attributes.map((name, k) => {
    const value = tags.attributes[row * m + k]!;
    return [name, value === UNKNOWN ? null : value > UNKNOWN ? PROBABILITY[value]! : value === PRESENT] as const;
  });
  const labels = [...tags.labels.subarray(tags.offsets[row]!, tags.offsets[row + 1]!)].map(
    (label) => names.labels[label]!,
  );
  return { attributes: Object.fromEntries(attributes), labels };
}
