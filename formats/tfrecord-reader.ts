import { gunzipSync, inflateSync } from 'node:zlib';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { maskedCrc32c } from './crc32c.js';
import { FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, lengthCrc } from './tfrecord-frame.js';

/** Read at once. */
const WINDOW_BYTES = 8 * 2 ** 20;

/** A compressed file is held whole; larger ones are refused. */
const MAXIMUM_INFLATED_BYTES = 2 ** 30;

function fail(file: string, record: number, expected: string, got: string): never {
  throw new InputError('TFRecord', { file, place: `record ${record}`, expected, got });
}

function lengthAt(head: Uint8Array): number {
  return Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true));
}

const crcAt = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

/** Bytes in memory as a source. */
function inMemory(name: string, bytes: Uint8Array): ByteSource {
  return { name, bytes: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
}

async function uncompressed(source: ByteSource): Promise<ByteSource> {
  const head = await source.read(0, Math.min(source.bytes, FRAME_HEAD_BYTES));
  if (head.length < FRAME_HEAD_BYTES || lengthCrc(lengthAt(head)) === crcAt(head, 8)) return source;
  const inflate = head[0] === 0x1f && head[1] === 0x8b ? gunzipSync : (head[0]! & 0x0f) === 8 ? inflateSync : undefined;
  if (inflate === undefined) return source;
  try {
    const bytes = inflate(await source.read(0, source.bytes), { maxOutputLength: MAXIMUM_INFLATED_BYTES });
    return inMemory(source.name, bytes);
  } catch (error) {
    throw new InputError(
      'TFRecord',
      { file: source.name, expected: 'TFRecord, plain, gzip or zlib', got: (error as Error).message },
      { cause: error },
    );
  }
}

/**
 * The records of a TFRecord file (plain, gzip or zlib), in order; both checksums of each are checked. A record is a view that holds until the next
 * one is asked for. Throws an InputError with the record's number.
 */
export async function* readTfrecords(source: ByteSource): AsyncGenerator<Uint8Array> {
  const { name, bytes, read } = await uncompressed(source);
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  const need = async (at: number, count: number) => {
    if (at + count > start + window.length) {
      window = await read(at, Math.min(bytes, at + Math.max(count, WINDOW_BYTES)));
      start = at;
    }
    return window.subarray(at - start, at - start + count);
  };
  for (let at = 0, record = 0; at < bytes; record++) {
    if (bytes - at < FRAME_HEAD_BYTES)
      fail(name, record, `${FRAME_HEAD_BYTES} bytes of a head`, `${bytes - at}: the file is cut off`);
    const head = await need(at, FRAME_HEAD_BYTES);
    const length = lengthAt(head);
    const crc = crcAt(head, 8);
    if (lengthCrc(length) !== crc)
      fail(name, record, 'a length with its checksum', `length ${length} with another checksum`);
    const left = bytes - at - FRAME_HEAD_BYTES - FRAME_TAIL_BYTES;
    if (length > left) fail(name, record, `at most ${left} bytes`, `${length}: the file is cut off`);
    const body = await need(at + FRAME_HEAD_BYTES, length + FRAME_TAIL_BYTES);
    const data = body.subarray(0, length);
    if (maskedCrc32c(data) !== crcAt(body, length)) fail(name, record, 'data with their checksum', 'another checksum');
    yield data;
    at += FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
  }
}
