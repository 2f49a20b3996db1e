/** Beam: a pass over splits that counts. What a bundle counted is handed on at its end, to be merged by key and then all together. */
import { type BundleContext, cutPieces, DoFn, type KV } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import type { Unreadable } from './losses.js';
import { mergerOf } from './merger.js';
import { type Examples, isUnreadable, placed, type Reader } from './reader.js';

export abstract class CountSplits extends DoFn<Split, KV<string, Uint8Array>> {
  private merger: string | undefined;

  protected abstract reader(): Reader;
  /** Begins to count, from nothing. */
  protected abstract begin(): void;
  protected abstract add(examples: Examples, split: Split): void;
  protected abstract lost(rows: Unreadable): void;
  /** What was counted since `begin`. */
  protected abstract encoded(): Uint8Array;
  /** What is handed on under keys of its own: after each batch, where there is too much of it, and at the end. */
  protected beside?(last: boolean): AsyncIterable<KV<string, Uint8Array>>;

  override startBundle() {
    this.begin();
    this.merger = undefined;
  }

  async *process(split: Split, ctx: BundleContext) {
    const reader = this.reader();
    this.merger ??= mergerOf(split.ordinal);
    for await (const piece of reader.split(split)) {
      if (isUnreadable(piece)) {
        this.lost(piece);
        ctx.counter('rows', piece.rows);
        continue;
      }
      try {
        this.add(piece, split);
      } catch (error) {
        throw placed(error, reader, piece.firstRow);
      }
      ctx.counter('rows', piece.batch.numRows);
      if (this.beside !== undefined) yield* this.beside(false);
    }
  }

  override async *finishBundle() {
    if (this.merger === undefined) return;
    if (this.beside !== undefined) yield* this.beside(true);
    for (const value of cutPieces(this.encoded())) yield { key: this.merger, value };
  }
}
