/** DoFns that merge what has come of a key into one value. */
import { DoFn, type DoFnRef, type KV, type MaybePromise, registerDoFn } from './dofn.js';

class Merge<C, T> extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  private opened!: T;

  constructor(
    private readonly config: C,
    private readonly open: (config: C) => MaybePromise<T>,
    private readonly merge: (parts: Iterable<Uint8Array>, opened: T) => Uint8Array,
  ) {
    super();
  }

  override async setup() {
    this.opened = await this.open(this.config);
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    yield this.merge(value, this.opened);
  }
}

/**
 * As `registerDoFn`, of a DoFn that merges the values of each key into one.
 * @param open what `merge` needs, from the configuration; called once an instance
 */
export function registerMerge<C, T>(
  id: string,
  open: (config: C) => MaybePromise<T>,
  merge: (parts: Iterable<Uint8Array>, opened: T) => Uint8Array,
): (config: C) => DoFnRef<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  return registerDoFn(id, (config: C) => new Merge(config, open, merge));
}
