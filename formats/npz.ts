/** Arrays of NumPy in an NPZ file, which is a zip with one NPY file an array. What is stored is read in ranges, what is deflated is inflated once. */
import { Readable } from 'node:stream';
import yauzl from 'yauzl';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { openNpy, sourceOf, type VectorArray } from './npy.js';

/** An inflated array is held in memory; CommonPool's have about 15 MB. Ours. */
const MAXIMUM_INFLATED_BYTES = 2 ** 29;
const MAXIMUM_ENTRIES = 10_000;
const STORED = 0;
const DEFLATED = 8;
const STREAM_BYTES = 1 << 20;

class SourceReader extends yauzl.RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const { source } = this;
    return Readable.from(
      (async function* () {
        for (let at = start; at < end; at += STREAM_BYTES)
          yield await source.read(at, Math.min(end, at + STREAM_BYTES));
      })(),
      { objectMode: false },
    );
  }
}

/**
 * The array of this name (`l14_img`), without its `.npy`.
 * @throws InputError where the file is no zip, has no such array, lies of its sizes, or inflates to more than 512 MiB; and as `openNpy`.
 */
export async function openNpz(source: ByteSource, array: string): Promise<VectorArray> {
  const { found, names } = await find(source, array);
  if (found !== undefined) return found;
  const expected = `one of ${names.slice(0, 20).join(', ') || '(no arrays)'}`;
  throw new InputError('NPZ file', { file: source.name, place: `array ${array}`, expected, got: array });
}

/** The same; undefined where the file has no array of that name. */
export async function findInNpz(source: ByteSource, array: string): Promise<VectorArray | undefined> {
  return (await find(source, array)).found;
}

async function find(
  source: ByteSource,
  array: string,
): Promise<{ readonly found: VectorArray | undefined; readonly names: readonly string[] }> {
  const refuse = (expected: string, got: string, cause?: unknown) =>
    new InputError('NPZ file', { file: source.name, place: `array ${array}`, expected, got }, { cause });
  const names: string[] = [];
  let zip: yauzl.ZipFile | undefined;
  try {
    zip = await yauzl.fromRandomAccessReaderPromise(new SourceReader(source), source.bytes, { autoClose: false });
    let found: yauzl.Entry | undefined;
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName === `${array}.npy`) found = entry;
      if (names.push(entry.fileName.replace(/\.npy$/, '')) >= MAXIMUM_ENTRIES) break;
    }
    if (found === undefined) return { found, names };
    if (found.compressionMethod === STORED) {
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(found, { minimal: true });
      const end = fileDataStart + found.uncompressedSize;
      if (end > source.bytes) throw refuse(`an array that ends by byte ${source.bytes}`, `${end}`);
      return { found: await openNpy(source, `array ${array}`, fileDataStart, end), names };
    }
    if (found.compressionMethod !== DEFLATED) {
      throw refuse('an array that is stored or deflated', `compression ${found.compressionMethod}`);
    }
    if (found.uncompressedSize > MAXIMUM_INFLATED_BYTES) {
      throw refuse(`at most ${MAXIMUM_INFLATED_BYTES} bytes when inflated`, `${found.uncompressedSize}`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of await zip.openReadStreamPromise(found)) chunks.push(chunk as Uint8Array);
    return { found: await openNpy(sourceOf(source.name, Buffer.concat(chunks)), `array ${array}`), names };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw refuse('a zip as NumPy writes it', error instanceof Error ? error.message : `${error}`, error);
  } finally {
    zip?.close();
  }
}
