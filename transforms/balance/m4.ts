/** The stream fit as a Beam step: keyed and stateful, one independent stream of duals a key. */
import {
  bytesCoder,
  DoFn,
  defineBytesCoder,
  type KV,
  type ProcessContext,
  registerDoFn,
  valueState,
} from '../../beam/index.js';
import type { Problem } from './problem.js';
import { createStream, decodeStream, encodeStream, type StreamState, updateStream } from './stream.js';
import { decodeTags, encodeTags, type TagsBatch } from './tags-bytes.js';

/** Coder of a batch of tags with its utility. */
export const tagsCoder = defineBytesCoder<TagsBatch>('m4:coder:tags:v1', encodeTags, decodeTags);

export interface M4Config {
  readonly problem: Problem;
  /** Duals to start every stream from. */
  readonly start?: { readonly w: Float64Array; readonly mu: number };
}

const stateSpecs = { stream: valueState(bytesCoder) };

/**
 * KV<stream number, TagsBatch> to KV<stream number, encoded stream state>: one snapshot a key and bundle. The snapshot with the most steps
 * of a key is its latest (`latestStream`); `decodeStream` and `mergeStreams` make the fit of them.
 */
class StreamFit extends DoFn<KV<string, TagsBatch>, KV<string, Uint8Array>, typeof stateSpecs> {
  override readonly stateSpecs = stateSpecs;
  /** Streams of this bundle, by key: state is decoded once a bundle, and written back after every batch. */
  private readonly live = new Map<string, { stream: StreamState; bytes: Uint8Array }>();

  constructor(private readonly config: M4Config) {
    super();
  }

  override startBundle(): void {
    this.live.clear();
  }

  override process({ key, value }: KV<string, TagsBatch>, ctx: ProcessContext<typeof stateSpecs>): void {
    const { problem, start } = this.config;
    let stream = this.live.get(key)?.stream;
    if (stream === undefined) {
      const stored = ctx.state.stream.read();
      stream = stored === undefined ? createStream(problem, start) : decodeStream(problem, stored);
    }
    updateStream(stream, value.tags, value.utility);
    const bytes = encodeStream(stream);
    ctx.state.stream.write(bytes);
    this.live.set(key, { stream, bytes });
  }

  override *finishBundle(): Iterable<KV<string, Uint8Array>> {
    for (const [key, { bytes }] of this.live) yield { key, value: bytes };
    this.live.clear();
  }
}

/** The registered step. */
export const m4 = registerDoFn<M4Config, KV<string, TagsBatch>, KV<string, Uint8Array>>(
  'm4:balance:stream',
  (config) => new StreamFit(config),
);
