/**
 * Subsets as DataComp's tools read them (mlfoundations/datacomp, resharder.py): a NumPy array of dtype `u8,u8`, the halves of each example's 128-bit uid, sorted;
 * an example that is there n times is trained on n times. Written in sorted pieces, which are merged into one file.
 */
import { type RecordBatch, type Schema, Type } from 'apache-arrow';
import { InputError } from '../schemas/errors.js';
import type { BatchWriter } from './format.js';

export const UID_BYTES = 16;
const UID = /^[0-9a-f]{32}$/i;

/** Header and data of NumPy's format 1.0 begin at a multiple of this. */
const ALIGNMENT = 64;

/** The head of a .npy file of `rows` uids. */
export function npyHead(rows: number): Uint8Array {
  const about = `{'descr': [('f0', '<u8'), ('f1', '<u8')], 'fortran_order': False, 'shape': (${rows},), }`;
  const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  const bytes = Math.ceil((magic.length + 2 + about.length + 1) / ALIGNMENT) * ALIGNMENT;
  const head = Buffer.alloc(bytes, ' ');
  magic.copy(head);
  head.writeUInt16LE(bytes - magic.length - 2, magic.length);
  head.write(about, magic.length + 2, 'latin1');
  head.write('\n', bytes - 1, 'latin1');
  return head;
}

/** Whether uid `a` comes before `b` or equals it: both halves are little-endian, the first one counts more. */
export function uidBefore(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (const half of [0, 8]) {
    for (let i = half + 7; i >= half; i--) {
      const difference = a[atA + i]! - b[atB + i]!;
      if (difference !== 0) return difference < 0;
    }
  }
  return true;
}

/** Sorted uids without a head, of the only column, text of 32 hexadecimal digits. Throws InputError for any other id. */
export function datacompWriter(schema: Schema): BatchWriter {
  const uids: string[] = [];
  const refuse = (got: string) => {
    throw new InputError('DataComp subset', {
      place: 'column id',
      expected: 'uids of 32 hexadecimal digits',
      got,
      hint: 'Map the column of the uids in input.columns.id, or leave datacomp out of output.formats.',
    });
  };
  const write = (batch: RecordBatch): Uint8Array[] => {
    const ids = batch.data.children[0]!;
    if (schema.fields[0]!.type.typeId !== Type.Utf8) refuse(String(schema.fields[0]!.type));
    const offsets = ids.valueOffsets as Int32Array;
    for (let row = 0; row < batch.numRows; row++) {
      const uid = Buffer.from((ids.values as Uint8Array).subarray(offsets[row]!, offsets[row + 1]!)).toString('latin1');
      if (!ids.getValid(row) || !UID.test(uid)) refuse(ids.getValid(row) ? JSON.stringify(uid.slice(0, 64)) : 'null');
      uids.push(uid.toLowerCase());
    }
    return [];
  };
  const close = (): Uint8Array[] => {
    // Digits of equal number sort as the numbers do.
    uids.sort();
    const out = Buffer.alloc(uids.length * UID_BYTES);
    uids.forEach((uid, i) => {
      out.writeBigUInt64LE(BigInt(`0x${uid.slice(0, 16)}`), i * UID_BYTES);
      out.writeBigUInt64LE(BigInt(`0x${uid.slice(16)}`), i * UID_BYTES + 8);
    });
    return [out];
  };
  return { write, close };
}
