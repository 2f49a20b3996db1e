import { RecordBatch as Batch, type RecordBatch, type Schema } from 'apache-arrow';
import { FieldNode, RecordBatch as Header, Message } from 'apache-arrow/ipc/metadata/message';
import { VectorAssembler } from 'apache-arrow/visitor/vectorassembler';
import { type Take, takeFresh } from './arena.js';

/** Arrow's IPC format aligns everything to 8 bytes. */
const ALIGNMENT = 8;

/** `ARROW1`, at both ends of an IPC file; two zero bytes follow at the start. */
export const ARROW_MAGIC = Uint8Array.of(0x41, 0x52, 0x52, 0x4f, 0x57, 0x31);

/** Before the metadata of a message: 0xffffffff, then their length. */
export const MESSAGE_PREFIX_BYTES = 8;

/** The end of a stream: a message of length 0. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** An encapsulated IPC message: prefix, metadata, padding, body. */
export interface EncodedMessage {
  readonly bytes: Uint8Array;
  /** Bytes before the body. */
  readonly headBytes: number;
}

/** Lays the head of a message into memory from `take` and leaves its body to be filled. */
function encapsulated(message: Message, bodyBytes: number, take: Take): EncodedMessage {
  const metadata = Message.encode(message);
  const headBytes = aligned(MESSAGE_PREFIX_BYTES + metadata.length);
  const bytes = take(headBytes + bodyBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setInt32(0, -1, true);
  view.setInt32(4, headBytes - MESSAGE_PREFIX_BYTES, true);
  bytes.set(metadata, MESSAGE_PREFIX_BYTES);
  bytes.fill(0, MESSAGE_PREFIX_BYTES + metadata.length, headBytes);
  return { bytes, headBytes };
}

/** The schema as an IPC message. */
export function schemaMessage(schema: Schema): Uint8Array {
  return encapsulated(Message.from(schema), 0, takeFresh).bytes;
}

/** The buffers of a batch, and the head of the message that describes them. Dictionaries are not supported. */
function assembled(batch: RecordBatch) {
  const { byteLength, nodes, bufferRegions, buffers } = VectorAssembler.assemble(batch);
  // apache-arrow forgets the count of a sliced Null column, the only one without a bitmap to count again.
  const counted = nodes.map((n) => (n.nullCount < 0 ? new FieldNode(n.length, n.length) : n));
  const header = new Header(batch.numRows, counted, bufferRegions, null);
  const parts = buffers.map((values, i) => ({
    offset: bufferRegions[i]!.offset,
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }));
  return { parts, byteLength, message: Message.from(header, byteLength) };
}

/** A batch as an IPC message, uncompressed: each buffer is copied once, whole. Dictionaries are not supported. */
export function batchMessage(batch: RecordBatch, take: Take = takeFresh): EncodedMessage {
  const { parts, byteLength, message } = assembled(batch);
  const { bytes, headBytes } = encapsulated(message, byteLength, take);
  for (const { offset, bytes: values } of parts) {
    const start = headBytes + offset;
    bytes.set(values, start);
    bytes.fill(0, start + values.byteLength, start + aligned(values.byteLength));
  }
  return { bytes, headBytes };
}

/**
 * A whole IPC stream of one batch around its buffers, where they lie already as a message has them and there is room on both sides of them in
 * their memory, which nothing else may use: a rebuffered group. Undefined where they do not; otherwise the same bytes as `streamBytes`.
 */
export function streamInPlace(batch: RecordBatch): Uint8Array | undefined {
  const { parts, byteLength, message } = assembled(batch);
  const filled = parts.filter(({ bytes }) => bytes.byteLength > 0);
  const first = filled[0];
  if (first === undefined) return undefined;
  const { buffer } = first.bytes;
  const body = first.bytes.byteOffset - first.offset;
  if (filled.some(({ bytes, offset }) => bytes.buffer !== buffer || bytes.byteOffset - offset !== body))
    return undefined;
  const schema = schemaMessage(batch.schema);
  const { bytes: head } = encapsulated(message, 0, takeFresh);
  const start = body - head.length - schema.length;
  const end = body + byteLength;
  if (start < 0 || end + END_OF_STREAM.length > buffer.byteLength) return undefined;
  const all = new Uint8Array(buffer, start, end + END_OF_STREAM.length - start);
  all.set(schema);
  all.set(head, schema.length);
  for (const { offset, bytes } of filled) {
    const to = body - start + offset + bytes.byteLength;
    all.fill(0, to, to + aligned(bytes.byteLength) - bytes.byteLength);
  }
  all.set(END_OF_STREAM, end - start);
  return all;
}

/** A whole IPC stream of one batch, or of none, in memory from `take`. */
export function streamBytes(of: RecordBatch | Schema, take: Take = takeFresh): Uint8Array {
  const isBatch = of instanceof Batch;
  const schema = schemaMessage(isBatch ? of.schema : of);
  const tail = END_OF_STREAM.length;
  if (!isBatch) {
    const bytes = take(schema.length + tail);
    bytes.set(schema);
    bytes.set(END_OF_STREAM, schema.length);
    return bytes;
  }
  let all = new Uint8Array(0);
  batchMessage(of, (bytes) => {
    all = take(schema.length + bytes + tail) as Uint8Array<ArrayBuffer>;
    all.set(schema);
    all.set(END_OF_STREAM, schema.length + bytes);
    return all.subarray(schema.length, schema.length + bytes);
  });
  return all;
}
