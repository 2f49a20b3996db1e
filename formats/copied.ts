import { type Data, type DataType, makeData, Type } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';
import { type FixedValues, layoutOf } from './data.js';
import type { Copied, Shape } from './wasm-arrays.js';

const strideOf = (type: DataType) => (makeData({ type, length: 0 } as never) as Data).stride;
const arrayOf = (type: DataType) =>
  type.ArrayType as {
    BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBufferLike, at: number, count: number): FixedValues;
  };

/** How columns of this type are copied. Throws an InvariantError for a type that is not carried in batches. */
export function shapeOf(type: DataType): Shape {
  const layout = layoutOf(type);
  const children = (type.children ?? []).map((field) => shapeOf(field.type));
  switch (layout) {
    case undefined:
      throw new InvariantError(`the type ${Type[type.typeId]} is not carried in batches`);
    case 'fixed':
      return { layout, bytes: strideOf(type) * arrayOf(type).BYTES_PER_ELEMENT, children: [] };
    case 'fixedList':
      return { layout, items: strideOf(type), children };
    default:
      return { layout, children };
  }
}

/** Copied rows as Arrow data of the type whose shape they were copied by. */
export function dataOf(type: DataType, { rows, validity, offsets, values, children }: Copied): Data {
  const nulls = validity === undefined ? { nullCount: 0 } : { nullCount: -1, nullBitmap: validity };
  const common = { type, length: rows, ...nulls };
  const child = (i: number) => dataOf(type.children[i]!.type, children[i]!);
  const make = (parts: object) => makeData({ ...common, ...parts } as never) as Data;
  switch (layoutOf(type)) {
    case 'null':
      return makeData({ type, length: rows } as never) as Data;
    case 'fixed': {
      const array = arrayOf(type);
      const { buffer, byteOffset, length } = values!;
      return make({ data: new array(buffer, byteOffset, length / array.BYTES_PER_ELEMENT) });
    }
    case 'bool':
      return make({ data: values });
    case 'bytes':
      return make({ valueOffsets: offsets, data: values });
    case 'list':
      return make({ valueOffsets: offsets, child: child(0) });
    case 'fixedList':
      return make({ child: child(0) });
    default:
      return make({ children: type.children.map((_, i) => child(i)) });
  }
}
