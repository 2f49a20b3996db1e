/** Numbers byte strings in the order in which they first come; the strings lie end to end in one array. */

export interface ByteTable {
  /** How many distinct strings there are. */
  readonly size: number;
  /** The number of `bytes[start .. end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** [last - first] what `find` gives for the strings `bytes[offsets[i] .. offsets[i + 1])`, i from first to last - 1; offsets ascend within bytes. */
  findAll(bytes: Uint8Array, offsets: Int32Array, first: number, last: number): Int32Array;
  /** The same as `find`, given the next number if it is new. */
  intern(bytes: Uint8Array, start: number, end: number): number;
  /** The bytes of string `n`. */
  bytesOf(n: number): Uint8Array;
}

/** Odd, 2^32 over the golden ratio (Knuth, TAOCP 6.4). */
const HASH_FACTOR = 0x9e3779b1 | 0;
const WORD_BYTES = 4;

/** Takes in four bytes of a string, or its last ones, or its length; every bit goes down to those that choose a slot. */
function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, HASH_FACTOR);
  return product ^ (product >>> 15);
}

/** Up to three bytes as a number, little-endian. */
function lastWord(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = end - 1; at >= start; at--) word = (word << 8) | bytes[at]!;
  return word;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + WORD_BYTES <= end; at += WORD_BYTES) {
    hash = mixed(hash, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  }
  return mixed(hash, lastWord(bytes, at, end));
}

/** An empty table, or one that holds `strings` as 0, 1, ... (repeats keep their first number). */
export function createByteTable(strings: readonly string[] = []): ByteTable {
  let size = 0;
  let pool: Uint8Array = new Uint8Array(256);
  let offsets: Int32Array = new Int32Array(17);
  let hashes: Int32Array = new Int32Array(16);
  let slots: Int32Array = new Int32Array(32).fill(-1);

  function slotFor(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const n = slots[slot]!;
      if (n < 0) return slot;
      if (hashes[n] !== hash || offsets[n + 1]! - offsets[n]! !== end - start) continue;
      const shift = offsets[n]! - start;
      let at = start;
      while (at < end && pool[at + shift] === bytes[at]) at++;
      if (at === end) return slot;
    }
  }

  function findAll(bytes: Uint8Array, from: Int32Array, first: number, last: number): Int32Array {
    const numbers = new Int32Array(last - first);
    // Words of the strings are read at once, which makes both the hash and the comparison several times faster.
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const pooled = new DataView(pool.buffer, pool.byteOffset, pool.byteLength);
    const mask = slots.length - 1;
    for (let i = first; i < last; i++) {
      const start = from[i]!;
      const end = from[i + 1]!;
      let hash = end - start;
      let at = start;
      for (; at + WORD_BYTES <= end; at += WORD_BYTES) hash = mixed(hash, words.getInt32(at, true));
      hash = mixed(hash, lastWord(bytes, at, end));
      let slot = hash & mask;
      let n = slots[slot]!;
      for (; n >= 0; slot = (slot + 1) & mask, n = slots[slot]!) {
        if (hashes[n] !== hash || offsets[n + 1]! - offsets[n]! !== end - start) continue;
        const shift = offsets[n]! - start;
        at = start;
        while (at + WORD_BYTES <= end && pooled.getInt32(at + shift, true) === words.getInt32(at, true)) {
          at += WORD_BYTES;
        }
        while (at < end && pool[at + shift] === bytes[at]) at++;
        if (at === end) break;
      }
      numbers[i - first] = n;
    }
    return numbers;
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
      let slot = hashes[n]! & mask;
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
    findAll,
    intern,
    bytesOf: (n) => pool.subarray(offsets[n]!, offsets[n + 1]!),
  };
}
