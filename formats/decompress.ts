import { decompress as decompressZstd, init } from '@bokuweb/zstd-wasm';
import { CompressionType } from 'apache-arrow/fb/compression-type';
import { decompressBlock } from 'lz4js';

/** LZ4 frame format (lz4_Frame_format.md). */
const LZ4 = {
  magic: 0x184d2204,
  version: 0x40,
  versionMask: 0xc0,
  blockChecksum: 0x10,
  contentSize: 0x08,
  dictionary: 0x01,
};

/** The highest bit of an LZ4 block's size: the block is not compressed. */
const LZ4_PLAIN = 0x8000_0000;

/** RFC 8878, section 3.1.1. */
const ZSTD_MAGIC = 0xfd2fb528;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function lz4Frame(source: Uint8Array, bytes: number): Uint8Array {
  const view = viewOf(source);
  if (view.getUint32(0, true) !== LZ4.magic) throw new Error('no LZ4 frame');
  const flags = view.getUint8(4);
  if ((flags & LZ4.versionMask) !== LZ4.version || (flags & LZ4.dictionary) !== 0)
    throw new Error('an unknown LZ4 frame');
  const out = new Uint8Array(bytes);
  let at = flags & LZ4.contentSize ? 15 : 7;
  let done = 0;
  for (;;) {
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const size = head & ~LZ4_PLAIN;
    if (size > source.length - at)
      throw new Error(`an LZ4 block of ${size} bytes where ${source.length - at} are left`);
    const block = source.subarray(at, at + size);
    if (head >>> 31 === 0) {
      done = decompressBlock(block, out, 0, size, done);
    } else if (size <= bytes - done) {
      out.set(block, done);
      done += size;
    } else {
      done += size;
    }
    if (!(done <= bytes)) throw new Error(`more than ${bytes} bytes`);
    at += size + (flags & LZ4.blockChecksum ? 4 : 0);
  }
  if (done !== bytes) throw new Error(`${done} bytes`);
  return out;
}

/** What a zstd frame says of its own size; undefined where it does not. The decoder would allocate whatever stands there. */
function zstdContentBytes(source: Uint8Array): number | undefined {
  const view = viewOf(source);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) throw new Error('no zstd frame');
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >>> 6) {
    case 0:
      return singleSegment ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

function zstdFrame(source: Uint8Array, bytes: number): Uint8Array {
  const said = zstdContentBytes(source);
  if (said !== undefined && said !== bytes) throw new Error(`a zstd frame of ${said} bytes`);
  const out = decompressZstd(source as Uint8Array<ArrayBuffer>, { defaultHeapSize: Math.max(1, bytes) });
  if (out.length !== bytes) throw new Error(`${out.length} bytes`);
  return out;
}

/** The `bytes` bytes behind one compressed buffer of an Arrow file; throws a plain Error where there are more or fewer, or it is damaged. */
export type Decompress = (type: CompressionType, source: Uint8Array, bytes: number) => Uint8Array;

let ready: Promise<void> | undefined;

export async function decompressor(): Promise<Decompress> {
  ready ??= init();
  await ready;
  return decompress;
}

function decompress(type: CompressionType, source: Uint8Array, bytes: number): Uint8Array {
  if (bytes === 0) return new Uint8Array(0);
  if (type === CompressionType.LZ4_FRAME) return lz4Frame(source, bytes);
  if (type === CompressionType.ZSTD) return zstdFrame(source, bytes);
  throw new Error(`the unknown compression ${type}`);
}
