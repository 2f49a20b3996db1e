/** Attributes and labels from the input's own columns. */
import { DataType, type RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { PRESENT, PROBABILITY, softValue, UNKNOWN } from '../../schemas/tags.js';
import { createByteTable } from './byte-table.js';
import { codedListColumn } from './coded-lists.js';
import { columnData, listColumn, type NumberColumn, numberColumn, utf8Column } from './column.js';
import { itemCounter, type LabelledItems, NONE, withoutNulls } from './labelled-items.js';
import { OTHER, OWN, type RowSink, type TagSource } from './source.js';
import { addCodes, addTrue, countTrue, knownBits, trueWords } from './true-rows.js';

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
    addCodes(codes, factorOf) {
      const data = columnData(batch, name);
      if (levels.threshold !== undefined || !DataType.isBool(data.type)) return false;
      const factor = factorOf(attribute);
      addCodes(data, codes, PRESENT * factor, UNKNOWN * factor);
      return true;
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

  /** Of each label, where all are booleans. */
  function bits(): Int32Array[] | undefined {
    const data = labels.map(({ column }) => columnData(batch, column));
    return threshold === undefined && data.every(({ type }) => DataType.isBool(type)) ? data.map(trueWords) : undefined;
  }

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
      const words = bits();
      words?.forEach((some, i) => {
        addTrue(some, labels[i]!.label, sink.add);
      });
      return words !== undefined;
    },
    counter() {
      const words = bits();
      if (words === undefined) return undefined;
      return (code, blocks, counts) => {
        words.forEach((some, i) => {
          countTrue(some, code, blocks, 1 + labels[i]!.label, counts);
        });
      };
    },
  };
}

/** Labels from a list column: item i of `vocabulary` is label `labelNumbers[i]`; other strings are none. */
export function listLabels(name: string, vocabulary: readonly string[], labelNumbers: readonly number[]): TagSource {
  const table = createByteTable(vocabulary);
  const ofNumbers = Int32Array.of(NONE, ...labelNumbers);
  let batch: RecordBatch;
  let items: LabelledItems | undefined;
  let dictionary: { readonly key: object; readonly labels: Int32Array } | undefined;

  function find(): LabelledItems {
    const coded = codedListColumn(batch, name);
    if (coded === undefined) {
      const { items, offsets, valid, rows } = listColumn(batch, name);
      const first = offsets[0]!;
      const numbers = table.findAll(items.values, items.offsets, first, offsets[rows]!);
      const nulls = { valid, itemsValid: items.valid?.subarray(first) };
      return { offsets, first, codes: withoutNulls(numbers, nulls, offsets, first), labels: ofNumbers };
    }
    const { offsets, valid, items: strings } = coded;
    if (dictionary?.key !== strings.key) {
      const { values, offsets: ends, rows } = strings.dictionary;
      const labels = Array.from(table.findAll(values, ends, 0, rows), (n) => ofNumbers[n + 1]!);
      dictionary = { key: strings.key, labels: Int32Array.of(NONE, ...labels) };
    }
    const codes = withoutNulls(strings.codes, { valid, itemsValid: strings.valid }, offsets, 0);
    return { offsets, first: 0, codes, labels: dictionary.labels };
  }

  return {
    columns: [name],
    dictionaries: [name],
    begin(given) {
      batch = given;
      items = undefined;
    },
    tag(row, sink) {
      items ??= find();
      const { offsets, first, codes, labels } = items;
      for (let item = offsets[row]! - first; item < offsets[row + 1]! - first; item++) {
        const label = labels[codes[item]! + 1]!;
        if (label >= 0) sink.push(label);
      }
    },
    tagAll(rows, sink) {
      items ??= find();
      const { offsets, first, codes, labels } = items;
      for (let row = 0; row < rows; row++) {
        const end = offsets[row + 1]! - first;
        for (let item = offsets[row]! - first; item < end; item++) {
          const label = labels[codes[item]! + 1]!;
          if (label >= 0) sink.add(row, label);
        }
      }
      return true;
    },
    counter(rows) {
      items ??= find();
      return itemCounter(items, rows);
    },
  };
}
