/** Slices by year, month or day. */
import { type Data, DataType, TimeUnit } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { columnData, type Utf8Column, utf8Of } from '../tag/column.js';
import { kindOf } from '../tag/column-kind.js';
import { isValid, NONE, put, remembering, type SliceValues } from './slice-value.js';

const DATE_LENGTHS = { year: 4, month: 7, day: 10 } as const;
const MILLISECONDS_A_DAY = 86_400_000;
/** Milliseconds a unit, by TimeUnit. */
const UNIT_MILLISECONDS: Readonly<Record<number, number>> = {
  [TimeUnit.SECOND]: 1000,
  [TimeUnit.MILLISECOND]: 1,
  [TimeUnit.MICROSECOND]: 1e-3,
  [TimeUnit.NANOSECOND]: 1e-6,
};

/** Days since 1970 of each row, from a column of dates or times. */
function daysOf(name: string, data: Data): (row: number) => number {
  const { type } = data;
  const raw = data.values as Int32Array | BigInt64Array;
  if (DataType.isDate(type)) {
    // Days as int32, or milliseconds as int64.
    const scale = type.unit === 0 ? 1 : 1 / MILLISECONDS_A_DAY;
    return (row) => Math.floor(Number(raw[row]) * scale);
  }
  if (DataType.isTimestamp(type)) {
    const scale = UNIT_MILLISECONDS[type.unit] / MILLISECONDS_A_DAY;
    return (row) => Math.floor(Number(raw[row]) * scale);
  }
  throw new InputError('wrong column type', {
    place: `column ${name}`,
    expected: 'dates, times or strings',
    got: `${type}`,
  });
}

function isDate(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i];
    if (i === 4 || i === 7 ? byte !== 0x2d : byte < 0x30 || byte > 0x39) return false;
  }
  return true;
}

export function dateSlices(name: string, info: ColumnInfo, unit: keyof typeof DATE_LENGTHS): SliceValues {
  const length = DATE_LENGTHS[unit];
  const textOf = remembering((day: number) => {
    const date = new Date(day * MILLISECONDS_A_DAY);
    return Number.isNaN(date.getTime())
      ? ''
      : date
          .toISOString()
          .replace(/T.*/, '')
          .slice(0, length - 10 || undefined);
  });
  const isText = kindOf(info) === 'string';
  let text: Utf8Column;
  let dayOf: (row: number) => number;
  let valid: Data;
  return {
    ...NONE,
    name,
    by: 'date',
    columns: [info.name],
    begin(batch) {
      const data = columnData(batch, info.name);
      valid = data;
      if (isText) text = utf8Of(info.name, data);
      else dayOf = daysOf(info.name, data);
    },
    find(row) {
      if (isText) {
        if (!isValid(text, row)) return false;
        this.bytes = text.values;
        this.start = text.offsets[row];
        this.end = this.start + length;
        return this.end <= text.offsets[row + 1] && isDate(text.values, this.start, length);
      }
      return valid.getValid(row) && put(this, textOf(dayOf(row))) && this.end > 0;
    },
  };
}
