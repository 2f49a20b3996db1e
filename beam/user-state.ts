import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import type { StateKey } from 'apache-beam/proto/beam_fn_api';
import { decodeAll, encodeDelimited } from './coders.js';
import type { MaybePromise } from './dofn.js';
import { type StateBackend, userStateKey } from './state-backend.js';
import type { BagState, StateHandles, StateSpecs, ValueState } from './state-spec.js';

/** Keys held in memory at once: bounds memory, and costs a key that comes back one more read. */
const MAX_KEYS = 10_000;
/** Bytes of one append to a bag, but for an element that is larger by itself: gRPC takes 4 MB a message by default. */
const RUN_BYTES = 2 << 20;

/**
 * A state of one key. It holds bytes only, so that every access goes through the coder on every runner, and what a DoFn does to
 * a value it has read or written shows nowhere else.
 */
interface Cell {
  load(bytes: Uint8Array): void;
  /** Writes back what changed. Requests are handled in order, so a clear and an append need not wait for each other. */
  commit(key: StateKey, backend: StateBackend): MaybePromise<void>[];
}

function valueCell<T>(coder: Coder<T>): Cell & ValueState<T> {
  let bytes = new Uint8Array();
  let stored = false;
  let dirty = false;
  return {
    load(loaded) {
      bytes = new Uint8Array(loaded);
      stored = bytes.length > 0;
    },
    read() {
      if (!stored) return undefined;
      const values = decodeAll(coder, bytes);
      if (values.length !== 1) throw new Error(`value state: ${values.length} values are stored, expected one`);
      return values[0];
    },
    write(value) {
      bytes = new Uint8Array(encodeDelimited(coder, value));
      stored = true;
      dirty = true;
    },
    clear() {
      stored = false;
      dirty = true;
    },
    commit(key, backend) {
      if (!dirty) return [];
      dirty = false;
      return stored ? [backend.clear(key), backend.append(key, bytes)] : [backend.clear(key)];
    },
  };
}

function bagCell<T>(coder: Coder<T>): Cell & BagState<T> {
  let stored: Uint8Array = new Uint8Array();
  let added: Uint8Array[] = [];
  let cleared = false;
  return {
    load(loaded) {
      stored = loaded;
    },
    read: () => decodeAll(coder, Buffer.concat([stored, ...added])),
    append(value) {
      added.push(new Uint8Array(encodeDelimited(coder, value)));
    },
    clear() {
      cleared = true;
      stored = new Uint8Array();
      added = [];
    },
    commit(key, backend) {
      const requests: MaybePromise<void>[] = [];
      if (cleared) requests.push(backend.clear(key));
      for (const run of runsOf(added)) requests.push(backend.append(key, Buffer.concat(run)));
      stored = Buffer.concat([stored, ...added]);
      added = [];
      cleared = false;
      return requests;
    },
  };
}

/** Elements in runs of about as many bytes as a piece: a bag may be larger than what a message holds. */
function runsOf(elements: readonly Uint8Array[]): Uint8Array[][] {
  const runs: Uint8Array[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const element of elements) {
    bytes += element.length;
    if (bytes <= RUN_BYTES) runs.at(-1)!.push(element);
    else {
      runs.push([element]);
      bytes = element.length;
    }
  }
  return runs;
}

interface KeyEntry {
  readonly key: Uint8Array;
  readonly cells: Readonly<Record<string, Cell>>;
}

/** The states of the keys of one bundle: read on the first element of a key, written back at the end or when evicted. */
export class UserState<S extends StateSpecs> {
  /** In the order of last use. */
  private readonly entries = new Map<string, KeyEntry>();

  constructor(
    private readonly transformId: string,
    private readonly specs: S,
    private readonly backend: StateBackend,
    private readonly maxKeys = MAX_KEYS,
  ) {}

  /** Handles for a key, given as the runner encodes it. A promise only where something must be fetched or evicted. */
  acquire(key: Uint8Array): MaybePromise<StateHandles<S>> {
    const id = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
    const known = this.entries.get(id);
    if (known !== undefined) {
      this.entries.delete(id);
      this.entries.set(id, known);
      return handlesOf<S>(known);
    }
    // Evicted before anything is read: the key that comes may have been the last to go.
    const evicted = this.entries.size >= this.maxKeys ? this.evictOldest() : [];
    const waits = evicted.filter((request) => request instanceof Promise);
    return waits.length > 0 ? Promise.all(waits).then(() => this.open(id, key)) : this.open(id, key);
  }

  private open(id: string, key: Uint8Array): MaybePromise<StateHandles<S>> {
    const cells: Record<string, Cell> = {};
    const loads: Promise<void>[] = [];
    for (const [name, spec] of Object.entries(this.specs)) {
      const cell = spec.kind === 'value' ? valueCell(spec.coder) : bagCell(spec.coder);
      cells[name] = cell;
      const bytes = this.backend.get(userStateKey(this.transformId, name, key));
      if (bytes instanceof Promise) loads.push(bytes.then((loaded) => cell.load(loaded)));
      else cell.load(bytes);
    }
    const entry = { key, cells };
    if (loads.length === 0) {
      this.entries.set(id, entry);
      return handlesOf<S>(entry);
    }
    return Promise.all(loads).then(() => {
      this.entries.set(id, entry);
      return handlesOf<S>(entry);
    });
  }

  private evictOldest(): MaybePromise<void>[] {
    const [id, entry] = this.entries.entries().next().value!;
    this.entries.delete(id);
    return this.commitEntry(entry);
  }

  private commitEntry({ key, cells }: KeyEntry): MaybePromise<void>[] {
    return Object.entries(cells).flatMap(([name, cell]) =>
      cell.commit(userStateKey(this.transformId, name, key), this.backend),
    );
  }

  /** Writes back everything that changed and waits for the acknowledgements. */
  async commit(): Promise<void> {
    const requests = [...this.entries.values()].flatMap((entry) => this.commitEntry(entry));
    this.entries.clear();
    await Promise.all(requests);
  }
}

function handlesOf<S extends StateSpecs>(entry: KeyEntry): StateHandles<S> {
  return entry.cells as unknown as StateHandles<S>;
}
