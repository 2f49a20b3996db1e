/** A first call of each kind on a small table, before there is a task: V8 compiles WebAssembly when it is first called, a tenth of a second in all. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { readParquet } from 'parquet-wasm';
import { decodeParquet, encodeParquet } from './parquet-codec.js';
import type { Shape } from './wasm-arrays.js';

const ROWS = 64;

const fixed = (bytes: number): Shape => ({ layout: 'fixed', bytes, children: [] });
const text: Shape = { layout: 'bytes', children: [] };

/** What most tables have: texts that differ and texts that repeat, numbers, truth values, nulls. */
function columns() {
  const rows = Array.from({ length: ROWS }, (_, i) => i);
  return [
    { name: 'text', data: rows.map((i) => `a caption of its own, number ${i}`), type: 'STRING' as const, shape: text },
    { name: 'repeated', data: rows.map((i) => (i % 3 === 0 ? null : 'no')), type: 'STRING' as const, shape: text },
    { name: 'float', data: rows.map((i) => i / 7), type: 'FLOAT' as const, shape: fixed(4) },
    { name: 'double', data: rows.map((i) => i / 7), type: 'DOUBLE' as const, shape: fixed(8) },
    { name: 'number', data: rows, type: 'INT32' as const, shape: fixed(4) },
    {
      name: 'known',
      data: rows.map((i) => i % 2 === 0),
      type: 'BOOLEAN' as const,
      shape: { layout: 'bool', children: [] } as const,
    },
  ];
}

/** Encodes and decodes a table, whose bytes nobody wants. Throws what parquet-wasm throws. */
export function practise(): void {
  const columnData = columns();
  const file = new Uint8Array(parquetWriteBuffer({ columnData: columnData.map(({ shape: _, ...column }) => column) }));
  const stream = readParquet(file).intoIPCStream();
  const encoded = encodeParquet({ stream, compression: 'snappy', dictionaries: ['repeated'], rows: ROWS });
  for (const _ of decodeParquet({ file: encoded, batchRows: ROWS, shapes: columnData.map(({ shape }) => shape) }));
}
