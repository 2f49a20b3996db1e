import type { RecordBatch, Schema } from 'apache-arrow';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import { ARROW_MAGIC, batchMessage, END_OF_STREAM, schemaMessage } from './arrow-messages.js';
import { BATCH_ROWS, type BatchWriter } from './format.js';
import { makeRebuffer } from './rebuffer.js';

/** A record batch ends early at this many bytes of values. */
const RECORD_BATCH_BYTES = 64 * 2 ** 20;

/** MetadataVersion.V5 of Arrow's Schema.fbs: the only one written since Arrow 1.0. */
const METADATA_VERSION = 4;

export interface ArrowOptions {
  /** Rows of each record batch but the last. */
  readonly recordBatchRows?: number;
}

/**
 * An Arrow IPC file, uncompressed, so that readers can map it into memory. The same rows give the same bytes however they are cut into batches.
 * The schema stands at its start as the format asks (apache-arrow's own writer leaves it out), and in the footer.
 */
export function arrowWriter(schema: Schema, { recordBatchRows = BATCH_ROWS }: ArrowOptions = {}): BatchWriter {
  const rebuffer = makeRebuffer(schema, { rows: recordBatchRows, bytes: RECORD_BATCH_BYTES });
  const blocks: FileBlock[] = [];
  let position = 0;
  const start = (): Uint8Array[] => {
    if (position > 0) return [];
    const head = new Uint8Array(8);
    head.set(ARROW_MAGIC);
    const message = schemaMessage(schema);
    position = head.length + message.length;
    return [head, message];
  };
  const append = (group: RecordBatch): Uint8Array => {
    const { bytes, headBytes } = batchMessage(group);
    blocks.push(new FileBlock(headBytes, bytes.length - headBytes, position));
    position += bytes.length;
    return bytes;
  };
  return {
    write(batch) {
      const out = start();
      for (const group of rebuffer.push(batch)) out.push(append(group()));
      return out;
    },
    close() {
      const out = start();
      const rest = rebuffer.rest();
      if (rest !== undefined) out.push(append(rest));
      const footer = Footer.encode(new Footer(schema, METADATA_VERSION, blocks, []));
      const tail = new Uint8Array(footer.length + 4 + ARROW_MAGIC.length);
      tail.set(footer);
      new DataView(tail.buffer).setInt32(footer.length, footer.length, true);
      tail.set(ARROW_MAGIC, footer.length + 4);
      out.push(END_OF_STREAM, tail);
      return out;
    },
  };
}
