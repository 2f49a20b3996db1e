import { Data, type DataType, Type, Utf8 } from 'apache-arrow';

/** An integer of 32-bit words, lowest first, two's complement. */
function wide(words: ArrayLike<number>, start: number, count: number): bigint {
  let value = 0n;
  for (let i = 0; i < count; i++) value |= BigInt(words[start + i]! >>> 0) << BigInt(32 * i);
  return BigInt.asIntN(32 * count, value);
}

function decimal(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${value < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`;
}

/**
 * One value as JSON: dates and times as integers in the unit of their type, decimals as text, bytes as base64, maps as lists of pairs, and as null what
 * is null, NaN or infinite.
 */
export function jsonText(data: Data, row: number): string {
  if (data.type.typeId === Type.Null || !data.getValid(row)) return 'null';
  const { values, valueOffsets: offsets, stride, children } = data;
  const list = (start: number, end: number, of: (i: number) => string) =>
    `[${Array.from({ length: end - start }, (_, i) => of(start + i)).join(',')}]`;
  switch (data.type.typeId) {
    case Type.Utf8:
      return JSON.stringify(Buffer.from(values.subarray(offsets[row], offsets[row + 1])).toString());
    case Type.Binary:
      return JSON.stringify(Buffer.from(values.subarray(offsets[row], offsets[row + 1])).toString('base64'));
    case Type.FixedSizeBinary:
      return JSON.stringify(Buffer.from(values.subarray(row * stride, (row + 1) * stride)).toString('base64'));
    case Type.Bool:
      return ((values[(data.offset + row) >>> 3] >>> ((data.offset + row) & 7)) & 1) === 1 ? 'true' : 'false';
    case Type.Float: {
      const value = values instanceof Uint16Array ? fromHalf(values[row]!) : values[row];
      return Number.isFinite(value) ? String(value) : 'null';
    }
    case Type.Decimal: {
      const { scale } = data.type as DataType & { scale: number };
      return `"${decimal(wide(values, row * stride, stride), scale)}"`;
    }
    case Type.Interval:
      return list(row * stride, (row + 1) * stride, (i) => String(values[i]));
    case Type.List:
      return list(offsets[row]!, offsets[row + 1]!, (i) => jsonText(children[0]!, i));
    case Type.FixedSizeList:
      return list(row * stride, (row + 1) * stride, (i) => jsonText(children[0]!, i));
    case Type.Map: {
      const [keys, items] = children[0]!.children;
      return list(offsets[row]!, offsets[row + 1]!, (i) => `[${jsonText(keys!, i)},${jsonText(items!, i)}]`);
    }
    case Type.Struct:
      return `{${children.map((c, i) => `${JSON.stringify(data.type.children[i]!.name)}:${jsonText(c, row)}`).join(',')}}`;
    default:
      return String(values[row]);
  }
}

/** IEEE 754 half precision to a number. */
export function fromHalf(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits >>> 15 === 0 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A column as a text column of JSON; nulls are the empty text. */
export function jsonColumn(data: Data): Data {
  const offsets = new Int32Array(data.length + 1);
  const rows = Array.from({ length: data.length }, (_, row) => {
    const text = Buffer.from(data.getValid(row) ? jsonText(data, row) : '');
    offsets[row + 1] = offsets[row]! + text.length;
    return text;
  });
  const buffers = [offsets, Buffer.concat(rows), new Uint8Array(0), undefined];
  return new Data(new Utf8(), 0, data.length, 0, buffers as never);
}
