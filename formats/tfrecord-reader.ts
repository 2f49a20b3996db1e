import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { maskedCrc32c } from './crc32c.js';
import { compressionOf, type Forward, forward } from './forward.js';
import { FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, lengthCrc } from './tfrecord-frame.js';

/** Read at once. */
const WINDOW_BYTES = 1 << 20;

/** A record, at most: it is held whole. */
export const MAXIMUM_RECORD_BYTES = 1 << 28;

function fail(file: string, record: number, expected: string, got: string): never {
  throw new InputError('TFRecord', { file, place: `record ${record}`, expected, got });
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const lengthAt = (view: DataView, at: number) => view.getUint32(at, true) + 2 ** 32 * view.getUint32(at + 4, true);

async function open(source: ByteSource): Promise<Forward> {
  const head = await source.read(0, Math.min(source.bytes, FRAME_HEAD_BYTES));
  if (head.length < FRAME_HEAD_BYTES) return forward(source);
  const view = viewOf(head);
  if (lengthCrc(lengthAt(view, 0)) === view.getUint32(8, true)) return forward(source);
  return forward(source, compressionOf(head));
}

/** Records that lie in memory together. */
export interface RecordRun {
  readonly bytes: Uint8Array;
  /** Number of the first in the file. */
  readonly first: number;
  readonly count: number;
  /** Record i of the run is `bytes[bounds[2 * i], bounds[2 * i + 1])`. */
  readonly bounds: readonly number[];
}

/**
 * The records of a TFRecord file (plain, gzip or zlib), in order, as many at a time as lie in a window of 1 MiB; both checksums of each are
 * checked. A run is void once the next is asked for, or no more are. Throws an InputError with the record's number; of compressed files, no more than a
 * window and one record is held.
 */
export async function* recordRuns(source: ByteSource): AsyncGenerator<RecordRun> {
  const file = await open(source);
  const { name } = file;
  try {
    let first = 0;
    for (let at = 0; ; ) {
      let bytes = await file.take(at, WINDOW_BYTES);
      if (bytes.length === 0) return;
      let view = viewOf(bytes);
      const bounds: number[] = [];
      let to = 0;
      for (let record = first; to < bytes.length; record++) {
        if (bytes.length - to < FRAME_HEAD_BYTES) break;
        const length = lengthAt(view, to);
        if (lengthCrc(length) !== view.getUint32(to + 8, true)) {
          fail(name, record, 'a length with its checksum', `length ${length} with another checksum`);
        }
        const left =
          file.bytes === undefined
            ? Number.POSITIVE_INFINITY
            : file.bytes - at - to - FRAME_HEAD_BYTES - FRAME_TAIL_BYTES;
        if (length > left) fail(name, record, `at most ${Math.max(0, left)} bytes`, `${length}: the file is cut off`);
        if (length > MAXIMUM_RECORD_BYTES) fail(name, record, `at most ${MAXIMUM_RECORD_BYTES} bytes`, `${length}`);
        const start = to + FRAME_HEAD_BYTES;
        const end = start + length;
        if (end + FRAME_TAIL_BYTES > bytes.length) {
          if (bounds.length > 0) break;
          const whole = FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
          bytes = await file.take(at, whole);
          view = viewOf(bytes);
          if (bytes.length < whole) fail(name, record, `${whole} bytes`, `${bytes.length}: the file is cut off`);
        }
        if (maskedCrc32c(bytes.subarray(start, end)) !== view.getUint32(end, true)) {
          fail(name, record, 'data with their checksum', 'another checksum');
        }
        bounds.push(start, end);
        to = end + FRAME_TAIL_BYTES;
      }
      if (bounds.length === 0) {
        fail(name, first, `${FRAME_HEAD_BYTES} bytes of a head`, `${bytes.length}: the file is cut off`);
      }
      const count = bounds.length / 2;
      yield { bytes, first, count, bounds };
      first += count;
      at += to;
    }
  } finally {
    await file.end();
  }
}

/** The records one by one; a record is a view that holds until the next one is asked for, or no more are. See `recordRuns`. */
export async function* readTfrecords(source: ByteSource): AsyncGenerator<Uint8Array> {
  for await (const { bytes, count, bounds } of recordRuns(source)) {
    for (let i = 0; i < count; i++) yield bytes.subarray(bounds[2 * i], bounds[2 * i + 1]);
  }
}
