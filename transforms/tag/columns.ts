/** Attributes and labels from the input's own columns. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { PROBABILITY, softValue, UNKNOWN } from '../../schemas/tags.js';
import { createByteTable } from './byte-table.js';
import { columnData, listColumn, type NumberColumn, numberColumn, utf8Column } from './column.js';
import { type BatchSink, OTHER, OWN, type RowSink, type TagSource } from './source.js';

const WORD_BYTES = 4;

export interface Levels {
  /** Present from here on; undefined where the column holds 0 and 1. */
  readonly threshold: number | undefined;
  /** Absent below this; from here to the threshold: unknown. */
  readonly below: number | undefined;
}

/** OWN (present), OTHER (absent) or 0 (unknown) for the number of a row. NaN is unknown. */
function levelAt(name: string, column: NumberColumn, levels: Levels, row: number): number {
  if (column.valid !== undefined && column.valid[row] === 0) return 0;
  const value = column.values[row]!;
  if (levels.threshold === undefined) {
    if (value === 1) return OWN;
    if (value === 0) return OTHER;
    if (Number.isNaN(value)) return 0;
    throw new InputError('not an attribute or label', {
      place: `column ${name}, row ${row} of its batch`,
      expected: '0 or 1',
      got: `${value}`,
      hint: 'Give a threshold where the column is a score.',
    });
  }
  // A threshold is meant at the column's precision: 0.7 in a file of float32 is not 0.7 of the configuration.
  const single = column.values instanceof Float32Array;
  const threshold = single ? Math.fround(levels.threshold) : levels.threshold;
  if (value >= threshold) return OWN;
  const below = levels.below ?? levels.threshold;
  return value < (single ? Math.fround(below) : below) ? OTHER : 0;
}

/** The bits that say which rows of a chunk are known; undefined where all are. */
function knownBits({ nullBitmap, nullCount }: Data): Uint8Array | undefined {
  return nullCount > 0 && nullBitmap !== undefined && nullBitmap.length > 0 ? nullBitmap : undefined;
}

/** Adds a label to the rows of a chunk of booleans that are true. Values and validity are bits, both from the chunk's offset on. */
function addTrue(data: Data, label: number, sink: BatchSink): void {
  const { offset, length } = data;
  const bits = data.values as Uint8Array;
  const known = knownBits(data);
  const end = offset + length;
  let byte = offset >> 3;
  if (known === undefined && offset === 0 && bits.byteOffset % WORD_BYTES === 0) {
    // Most labels are rare: 32 rows are passed over at once.
    const words = new Int32Array(bits.buffer, bits.byteOffset, length >> 5);
    for (let word = 0; word < words.length; word++) {
      for (let some = words[word]!; some !== 0; some &= some - 1) {
        sink.add((word << 5) + 31 - Math.clz32(some & -some), label);
      }
    }
    byte = words.length * WORD_BYTES;
  }
  for (; byte << 3 < end; byte++) {
    let some = known === undefined ? bits[byte]! : bits[byte]! & known[byte]!;
    const first = byte << 3;
    if (first < offset) some &= 0xff << (offset - first);
    if (first + 8 > end) some &= 0xff >> (first + 8 - end);
    for (; some !== 0; some &= some - 1) sink.add(first + 31 - Math.clz32(some & -some) - offset, label);
  }
}

/** Attribute number `attribute` from a boolean, 0/1 or score column. */
export function numberAttribute(name: string, attribute: number, levels: Levels): TagSource {
  let batch: RecordBatch;
  let column: NumberColumn | undefined;
  return {
    columns: [name],
    begin(given: RecordBatch) {
      batch = given;
      column = undefined;
    },
    tag(row, sink) {
      column ??= numberColumn(batch, name);
      sink.attributes[row * sink.attributeCount + attribute]! |= levelAt(name, column, levels, row);
    },
    tagAll(rows, { attributes, attributeCount }) {
      const data = columnData(batch, name);
      const known = knownBits(data);
      if (levels.threshold === undefined && DataType.isBool(data.type) && known === undefined) {
        const bits = data.values as Uint8Array;
        for (let row = 0, at = attribute; row < rows; row++, at += attributeCount) {
          const bit = data.offset + row;
          // OWN for a true, OTHER for a false, without a branch that would be guessed wrong half of the time.
          attributes[at]! |= OTHER - ((bits[bit >> 3]! >> (bit & 7)) & 1);
        }
        return true;
      }
      column = numberColumn(batch, name);
      for (let row = 0, at = attribute; row < rows; row++, at += attributeCount) {
        attributes[at]! |= levelAt(name, column, levels, row);
      }
      return true;
    },
  };
}

/**
 * A soft attribute: fills its values, and what rounding took off each, from `at` on in steps of `step`, from a column of probabilities. Null and NaN
 * are unknown.
 * @throws InputError for a column that does not hold numbers, or a number outside [0, 1].
 */
export function fillSoft(
  batch: RecordBatch,
  name: string,
  values: { readonly of: Uint8Array; readonly at: number; readonly step: number },
  rounding: { readonly of: Float32Array; readonly at: number; readonly step: number },
): void {
  const column = numberColumn(batch, name);
  for (let row = 0, to = values.at, error = rounding.at; row < column.rows; row++) {
    const p = column.valid !== undefined && column.valid[row] === 0 ? Number.NaN : column.values[row]!;
    if (Number.isNaN(p)) values.of[to] = UNKNOWN;
    else if (p >= 0 && p <= 1) {
      const value = softValue(p);
      values.of[to] = value;
      rounding.of[error] = p - PROBABILITY[value]!;
    } else {
      throw new InputError('not a probability', {
        place: `column ${name}, row ${row} of its batch`,
        expected: 'a number from 0 to 1',
        got: `${p}`,
      });
    }
    to += values.step;
    error += rounding.step;
  }
}

/** Attribute number `attribute`: present where the string is `value`, absent where it is another, unknown where null or empty. */
export function stringAttribute(name: string, attribute: number, value: string): TagSource {
  const wanted = createByteTable([value]);
  let column: ReturnType<typeof utf8Column>;
  return {
    columns: [name],
    begin(batch: RecordBatch) {
      column = utf8Column(batch, name);
    },
    tag(row, sink) {
      const start = column.offsets[row]!;
      const end = column.offsets[row + 1]!;
      if (start === end || (column.valid !== undefined && column.valid[row] === 0)) return;
      const equal = wanted.find(column.values, start, end) >= 0;
      sink.attributes[row * sink.attributeCount + attribute]! |= equal ? OWN : OTHER;
    },
  };
}

/** Attribute number `attribute`: present where the list holds `value`, absent where it does not, unknown where null. */
export function listAttribute(name: string, attribute: number, value: string): TagSource {
  const wanted = createByteTable([value]);
  let column: ReturnType<typeof listColumn>;
  return {
    columns: [name],
    begin(batch: RecordBatch) {
      column = listColumn(batch, name);
    },
    tag(row, sink) {
      if (column.valid !== undefined && column.valid[row] === 0) return;
      const { items } = column;
      let held = false;
      for (let item = column.offsets[row]!; item < column.offsets[row + 1]! && !held; item++) {
        held =
          (items.valid === undefined || items.valid[item] === 1) &&
          wanted.find(items.values, items.offsets[item]!, items.offsets[item + 1]!) >= 0;
      }
      sink.attributes[row * sink.attributeCount + attribute]! |= held ? OWN : OTHER;
    },
  };
}

/** Labels from boolean, 0/1 or score columns: carried where the level is "present"; null is absent. */
export function numberLabels(
  labels: readonly { readonly column: string; readonly label: number }[],
  threshold: number | undefined,
): TagSource {
  const levels = { threshold, below: undefined };
  let columns: NumberColumn[] | undefined;
  let batch: RecordBatch;
  return {
    columns: labels.map(({ column }) => column),
    begin(given: RecordBatch) {
      batch = given;
      columns = undefined;
    },
    tag(row, sink: RowSink) {
      columns ??= labels.map(({ column }) => numberColumn(batch, column));
      for (let i = 0; i < labels.length; i++) {
        if (levelAt(labels[i]!.column, columns[i]!, levels, row) === OWN) sink.push(labels[i]!.label);
      }
    },
    tagAll(_rows, sink) {
      const data = labels.map(({ column }) => columnData(batch, column));
      // A label is as a rule rare: its bits are found faster than its rows are asked one by one.
      if (threshold !== undefined || !data.every(({ type }) => DataType.isBool(type))) return false;
      data.forEach((bits, i) => {
        addTrue(bits, labels[i]!.label, sink);
      });
      return true;
    },
  };
}

/** Labels from a list column: item i of `vocabulary` is label `labelNumbers[i]`; other strings are none. */
export function listLabels(name: string, vocabulary: readonly string[], labelNumbers: readonly number[]): TagSource {
  const table = createByteTable(vocabulary);
  let column: ReturnType<typeof listColumn>;
  return {
    columns: [name],
    begin(batch: RecordBatch) {
      column = listColumn(batch, name);
    },
    tag(row, sink) {
      if (column.valid !== undefined && column.valid[row] === 0) return;
      const { items } = column;
      for (let item = column.offsets[row]!; item < column.offsets[row + 1]!; item++) {
        if (items.valid !== undefined && items.valid[item] === 0) continue;
        const n = table.find(items.values, items.offsets[item]!, items.offsets[item + 1]!);
        if (n >= 0) sink.push(labelNumbers[n]!);
      }
    },
    tagAll(rows, sink) {
      const { items, offsets, valid } = column;
      const first = offsets[0]!;
      const numbers = table.findAll(items.values, items.offsets, first, offsets[rows]!);
      for (let row = 0; row < rows; row++) {
        if (valid !== undefined && valid[row] === 0) continue;
        const end = offsets[row + 1]!;
        for (let item = offsets[row]!; item < end; item++) {
          if (items.valid !== undefined && items.valid[item] === 0) continue;
          const n = numbers[item - first]!;
          if (n >= 0) sink.add(row, labelNumbers[n]!);
        }
      }
      return true;
    },
  };
}
