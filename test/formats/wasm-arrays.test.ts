import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bool, type DataType, Field, FixedSizeList, Int32, List, Struct, Utf8, Vector } from 'apache-arrow';
import { takeFresh } from '../../formats/arena.js';
import { dataOf, shapeOf } from '../../formats/copied.js';
import { columnsAt } from '../../formats/wasm-arrays.js';

interface Made {
  readonly length: number;
  readonly offset?: number;
  readonly nulls?: number;
  readonly buffers: readonly (Uint8Array | Int32Array | undefined)[];
  readonly children?: readonly Made[];
}

/** Lays arrays out as the C data interface has them where pointers have 32 bits: 64 bytes of struct ArrowArray each. */
function layOut(root: Made): { memory: ArrayBuffer; address: number } {
  const memory = new ArrayBuffer(4096);
  const view = new DataView(memory);
  let used = 8;
  const take = (bytes: number) => {
    const at = used;
    used += Math.ceil(bytes / 8) * 8;
    return at;
  };
  const place = ({ length, offset = 0, nulls = 0, buffers, children = [] }: Made): number => {
    const at = take(64);
    [length, nulls, offset, buffers.length, children.length].forEach((n, i) => {
      view.setBigInt64(at + 8 * i, BigInt(n), true);
    });
    const pointers = (field: number, addresses: number[]) => {
      const list = take(4 * addresses.length);
      addresses.forEach((address, i) => {
        view.setUint32(list + 4 * i, address, true);
      });
      view.setUint32(at + field, list, true);
    };
    const copy = (buffer: Uint8Array | Int32Array | undefined) => {
      if (buffer === undefined) return 0;
      const to = take(buffer.byteLength);
      new Uint8Array(memory, to).set(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
      return to;
    };
    pointers(40, buffers.map(copy));
    pointers(44, children.map(place));
    return at;
  };
  return { memory, address: place(root) };
}

function read(column: Made, type: DataType, rows: number): unknown[] {
  const { memory, address } = layOut({ length: rows, buffers: [undefined], children: [column] });
  const { columns, rows: found } = columnsAt(memory, address, [shapeOf(type)], takeFresh);
  assert.equal(found, rows);
  const data = dataOf(type, columns[0]!);
  assert.equal(data.length, rows);
  return JSON.parse(JSON.stringify([...new Vector([data])]));
}

const ints: Made = {
  length: 5,
  offset: 3,
  nulls: 1,
  buffers: [Uint8Array.of(0b1101_1111), Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7)],
};
const letters: Made = {
  length: 3,
  offset: 1,
  buffers: [undefined, Int32Array.of(0, 2, 3, 3, 7), new TextEncoder().encode('xxabcde')],
};
const item = (type: DataType) => new Field('item', type, true);

test('numbers, bits and texts with an offset are read from there', () => {
  assert.deepEqual(read(ints, new Int32(), 5), [3, 4, null, 6, 7]);
  assert.deepEqual(read(letters, new Utf8(), 3), ['a', '', 'bcde']);
  const bools: Made = { length: 4, offset: 9, buffers: [undefined, Uint8Array.of(0, 0b0001_0100)] };
  assert.deepEqual(read(bools, new Bool(), 4), [false, true, false, true]);
});

test('lists and structs with an offset are read from there, and so are their children', () => {
  const list: Made = { length: 2, offset: 1, buffers: [undefined, Int32Array.of(0, 1, 2, 5)], children: [ints] };
  assert.deepEqual(read(list, new List(item(new Int32())), 2), [[4], [null, 6, 7]]);
  const pairs: Made = { length: 1, offset: 1, buffers: [undefined], children: [ints] };
  assert.deepEqual(read(pairs, new FixedSizeList(2, item(new Int32())), 1), [[null, 6]]);
  const struct: Made = { length: 2, offset: 1, buffers: [undefined], children: [ints, letters] };
  const type = new Struct([new Field('n', new Int32(), true), new Field('s', new Utf8(), true)]);
  assert.deepEqual(read(struct, type, 2), [
    { n: 4, s: '' },
    { n: null, s: 'bcde' },
  ]);
});

test('an array of another shape than its type is refused', () => {
  assert.throws(() => read({ length: 1, buffers: [undefined] }, new Int32(), 1), /1 buffers or children, not 2/);
});
