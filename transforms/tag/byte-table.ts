/** Numbers byte strings in the order in which they first come; the strings lie end to end in one array. */

export interface ByteTable {
  /** How many distinct strings there are. */
  readonly size: number;
  /** The number of `bytes[start .. end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** The same, given the next number if it is new. */
  intern(bytes: Uint8Array, start: number, end: number): number;
  /** The bytes of string `n`. */
  bytesOf(n: number): Uint8Array;
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** An empty table, or one that holds `strings` as 0, 1, ... (repeats keep their first number). */
export function createByteTable(strings: readonly string[] = []): ByteTable {
  let size = 0;
  let pool: Uint8Array = new Uint8Array(256);
  let offsets: Int32Array = new Int32Array(17);
  let hashes: Int32Array = new Int32Array(16);
  let slots: Int32Array = new Int32Array(32).fill(-1);

  function slotFor(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const n = slots[slot]!;
      if (n < 0) return slot;
      if (hashes[n] !== hash || offsets[n + 1]! - offsets[n]! !== end - start) continue;
      const shift = offsets[n]! - start;
      let at = start;
      while (at < end && pool[at + shift] === bytes[at]) at++;
      if (at === end) return slot;
    }
  }

  function hashOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = HASH_START;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, HASH_PRIME);
    return hash;
  }

  function growTables(): void {
    const moreOffsets = new Int32Array(hashes.length * 2 + 1);
    moreOffsets.set(offsets);
    offsets = moreOffsets;
    const moreHashes = new Int32Array(hashes.length * 2);
    moreHashes.set(hashes);
    hashes = moreHashes;
    slots = new Int32Array(slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let n = 0; n < size; n++) {
      let slot = (hashes[n]! ^ (hashes[n]! >>> 15)) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = n;
    }
  }

  function intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    let slot = slotFor(bytes, start, end, hash);
    if (slots[slot]! >= 0) return slots[slot]!;
    if (size === hashes.length) {
      growTables();
      slot = slotFor(bytes, start, end, hash);
    }
    const from = offsets[size]!;
    if (from + end - start > pool.length) {
      const more = new Uint8Array(Math.max(pool.length * 2, from + end - start));
      more.set(pool);
      pool = more;
    }
    for (let at = start; at < end; at++) pool[from + at - start] = bytes[at]!;
    offsets[size + 1] = from + end - start;
    hashes[size] = hash;
    slots[slot] = size;
    return size++;
  }

  for (const text of strings) {
    const bytes = new TextEncoder().encode(text);
    intern(bytes, 0, bytes.length);
  }
  return {
    get size() {
      return size;
    },
    find: (bytes, start, end) => slots[slotFor(bytes, start, end, hashOf(bytes, start, end))]!,
    intern,
    bytesOf: (n) => pool.subarray(offsets[n]!, offsets[n + 1]!),
  };
}
