import { RecordBatchReader, type Schema } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';
import { streamBytes } from './arrow-messages.js';

/** A schema as the bytes of an Arrow IPC stream without batches, to be kept with what was written by it. */
export function encodeSchema(schema: Schema): Uint8Array {
  return streamBytes(schema);
}

/** The schema of `encodeSchema`'s bytes. Throws InvariantError where there is none. */
export function decodeSchema(bytes: Uint8Array): Schema {
  const { schema } = RecordBatchReader.from(new Uint8Array(bytes)).open();
  if (schema === undefined) throw new InvariantError('a stream without a schema');
  return schema;
}
