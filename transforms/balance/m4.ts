/** The stream fit as a Beam step: keyed and stateful, one independent stream of duals a key. */
import {
  type BagState,
  bagState,
  bytesCoder,
  cutPieces,
  DoFn,
  defineBytesCoder,
  joinPieces,
  type KV,
  type ProcessContext,
  registerDoFn,
} from '../../beam/index.js';
import { type Handed, received } from '../read/handed.js';
import type { Problem } from './problem.js';
import { createStream, decodeStream, encodeStream, type StreamState, updateStream } from './stream.js';
import { decodeTags, encodeTags, type TagsBatch } from './tags-bytes.js';

/** Coder of a batch of tags with its utility. */
export const tagsCoder = defineBytesCoder<TagsBatch>('m4:coder:tags:v1', encodeTags, decodeTags);

export interface M4Config {
  readonly problem: Problem;
  /** Duals to start every stream from. */
  readonly start?: { readonly w: Float64Array; readonly mu: number } | undefined;
}

/** The state of a stream, in pieces: with many labels it is larger than what a runner takes as one element. */
export const stateSpecs = { stream: bagState(bytesCoder) };

/** The stream that is stored for a key, or a new one. */
export function readStream(state: BagState<Uint8Array>, { problem, start }: M4Config): StreamState {
  const [stored] = joinPieces(state.read());
  return stored === undefined ? createStream(problem, start) : decodeStream(problem, stored);
}

/** Stores an encoded stream in place of the last one. */
export function writeStream(state: BagState<Uint8Array>, bytes: Uint8Array): void {
  state.clear();
  for (const piece of cutPieces(bytes)) state.append(piece);
}

/**
 * KV<stream number, TagsBatch> to KV<stream number, encoded stream state in pieces>: one snapshot a key and bundle. The snapshot with the
 * most steps of a key is its latest (`latestStream`); `decodeStream` and `mergeStreams` make the fit of them.
 */
class StreamFit extends DoFn<KV<string, TagsBatch>, KV<string, Uint8Array>, typeof stateSpecs> {
  override readonly stateSpecs = stateSpecs;
  /** Streams of this bundle, by key: state is decoded once a bundle, and written back after every batch. */
  private readonly live = new Map<string, { stream: StreamState; bytes: Uint8Array }>();

  private config!: M4Config;

  constructor(private readonly handed: Handed<M4Config>) {
    super();
  }

  override async setup() {
    this.config = await received(this.handed);
  }

  override startBundle(): void {
    this.live.clear();
  }

  override process({ key, value }: KV<string, TagsBatch>, ctx: ProcessContext<typeof stateSpecs>): void {
    const stream = this.live.get(key)?.stream ?? readStream(ctx.state.stream, this.config);
    updateStream(stream, value.tags, value.utility);
    const bytes = encodeStream(stream);
    writeStream(ctx.state.stream, bytes);
    this.live.set(key, { stream, bytes });
  }

  override *finishBundle(): Iterable<KV<string, Uint8Array>> {
    for (const [key, { bytes }] of this.live) for (const value of cutPieces(bytes)) yield { key, value };
    this.live.clear();
  }
}

/** The registered step. */
export const m4 = registerDoFn<Handed<M4Config>, KV<string, TagsBatch>, KV<string, Uint8Array>>(
  'm4:balance:stream',
  (config) => new StreamFit(config),
);
