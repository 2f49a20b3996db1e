/** DoFns of the tests on the size and number of messages. Workers in other processes import this file, by its address. */
import '../../beam/node-util.js';
import 'apache-beam';
import { createHash } from 'node:crypto';
import { DoFn, type KV, type ProcessContext, registerDoFn, registerModule } from '../../beam/index.js';

registerModule(import.meta.url);

export const MEBIBYTE = 1 << 20;

/** Bytes that no compression makes small and that differ in each element. */
function bytesFor(index: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  // A xorshift generator (Marsaglia 2003).
  let x = index + 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, length);
}

class Blobs extends DoFn<number, Uint8Array> {
  constructor(private readonly mebibytes: readonly number[]) {
    super();
  }
  *process(i: number, ctx: ProcessContext) {
    ctx.counter('generated');
    ctx.distribution('index', i);
    yield bytesFor(i, this.mebibytes[i % this.mebibytes.length] * MEBIBYTE);
  }
}
/** From the number of an element, bytes of the size that is its turn. */
export const blobs = registerDoFn('test:runners:blobs', (mebibytes: readonly number[]) => new Blobs(mebibytes));

const summary = (bytes: Uint8Array) => `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`;

class BlobSummary extends DoFn<Uint8Array, string> {
  *process(bytes: Uint8Array) {
    yield summary(bytes);
  }
}
export const summarizeBlob = registerDoFn('test:runners:summarizeBlob', (_: null) => new BlobSummary());

class BlobsSummary extends DoFn<KV<string, Iterable<Uint8Array>>, string> {
  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    for (const bytes of value) yield summary(bytes);
  }
}
export const summarizeBlobs = registerDoFn('test:runners:summarizeBlobs', (_: null) => new BlobsSummary());
