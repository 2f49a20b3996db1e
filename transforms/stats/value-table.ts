/**
 * Counters by value (a slice, a word) in bounded memory, though nobody listed the values beforehand.
 *
 * Every row has a level, a hash of its id: half of the rows have level 0, a quarter 1, and so on. While there are at most `limit` values,
 * all rows are counted. Where there are more, only rows of level 1 and above are, then of 2 and above, as far as needed: a sample of the
 * rows at the rate 2^-level, in which the commonest values stay. The counters are kept by value and level, so that what is no longer in
 * the sample can be taken out. The final level is the least at which the sample has at most `limit` values, which depends on the rows
 * alone: tables are a commutative monoid, and equal sets of rows have equal tables, in any order and partition.
 */
import { type ByteTable, createByteTable } from '../tag/byte-table.js';
import { MAXIMUM_LEVEL } from './row-hash.js';
import { ByteReader, ByteWriter } from './varint.js';

const LEVELS = MAXIMUM_LEVEL + 1;
/** Blocks of a slot at most: one for all examples, and one for each of 65,535 labels. */
const BLOCKS = 2 ** 16;

/** Makes a block canonical after another was added to it; left out where its cells are plain counts. */
export type Carry = (cells: Float64Array, at: number) => void;

interface Slot {
  readonly value: number;
  readonly level: number;
}

/** Blocks of `width` whole numbers, by value, level and number of the block. Block 0 is there for each value and level. */
export class ValueTable {
  /** Whole numbers; valid until the next call of `slot`, `block` or `add`. */
  cells: Float64Array;
  private least = 0;
  private values: ByteTable = createByteTable();
  /** [values, LEVELS] number of the slot, or -1. */
  private numbers: Int32Array = new Int32Array(0);
  private slots: Slot[] = [];
  /** [slot]: number of its block 0. */
  private firsts: number[] = [];
  /** slot x BLOCKS + block: number of any other block. */
  private others = new Map<number, number>();
  private used = 0;

  constructor(
    readonly limit: number,
    readonly width: number,
    private readonly carry: Carry = () => undefined,
  ) {
    this.cells = new Float64Array(64 * width);
  }

  /** The least level that is counted: the sample's rate is 2^-level. */
  get level(): number {
    return this.least;
  }

  /** Distinct values in the sample. */
  get size(): number {
    return this.values.size;
  }

  /** The slot of a row's value, or -1 where the row is not in the sample. Earlier slots may be gone. */
  slot(bytes: Uint8Array, start: number, end: number, level: number): number {
    if (level < this.least) return -1;
    const value = this.values.intern(bytes, start, end);
    if (this.values.size <= this.limit) return this.slotOf(value, level);
    const copy = bytes.slice(start, end);
    this.slotOf(value, level);
    while (this.values.size > this.limit && this.least < MAXIMUM_LEVEL) this.raise(this.least + 1);
    return level < this.least ? -1 : this.slotOf(this.values.intern(copy, 0, copy.length), level);
  }

  /** Where a block begins in `cells`; a new one is all 0. */
  block(slot: number, number: number): number {
    if (number === 0) return this.firsts[slot] * this.width;
    const key = slot * BLOCKS + number;
    let found = this.others.get(key);
    if (found === undefined) {
      found = this.newBlock();
      this.others.set(key, found);
    }
    return found * this.width;
  }

  private newBlock(): number {
    if ((this.used + 1) * this.width > this.cells.length) {
      const more = new Float64Array(this.cells.length * 2);
      more.set(this.cells);
      this.cells = more;
    }
    return this.used++;
  }

  private slotOf(value: number, level: number): number {
    if ((value + 1) * LEVELS > this.numbers.length) {
      const more = new Int32Array(Math.max(64 * LEVELS, this.numbers.length * 2)).fill(-1);
      more.set(this.numbers);
      this.numbers = more;
    }
    const at = value * LEVELS + level;
    if (this.numbers[at] < 0) {
      this.numbers[at] = this.slots.push({ value, level }) - 1;
      this.firsts.push(this.newBlock());
    }
    return this.numbers[at];
  }

  /** Leaves the rows of this level and above. */
  private raise(least: number): void {
    const { values, cells, width } = this;
    const entries = this.entries();
    this.least = least;
    this.values = createByteTable();
    this.numbers = new Int32Array(0);
    this.slots = [];
    this.firsts = [];
    this.others = new Map();
    this.cells = new Float64Array(64 * width);
    this.used = 0;
    for (const { slot, blocks } of entries) {
      if (slot.level < least) continue;
      const bytes = values.bytesOf(slot.value);
      const to = this.slotOf(this.values.intern(bytes, 0, bytes.length), slot.level);
      for (const [number, at] of blocks) {
        // The block first: to ask for it may move the cells.
        const begin = this.block(to, number);
        this.cells.set(cells.subarray(at, at + width), begin);
      }
    }
  }

  private entries(): { slot: Slot; blocks: [number: number, at: number][] }[] {
    const entries = this.slots.map((slot, i) => ({
      slot,
      blocks: [[0, this.firsts[i] * this.width]] as [number, number][],
    }));
    for (const [key, block] of this.others) {
      entries[Math.floor(key / BLOCKS)].blocks.push([key % BLOCKS, block * this.width]);
    }
    return entries;
  }

  /** Blocks by value and level, in the order of bytes, levels and numbers. */
  private sorted(): { value: Uint8Array; level: number; blocks: [number: number, at: number][] }[] {
    const entries = this.entries().map(({ slot, blocks }) => ({
      value: this.values.bytesOf(slot.value),
      level: slot.level,
      blocks: blocks.sort(([a], [b]) => a - b),
    }));
    return entries.sort((a, b) => Buffer.compare(a.value, b.value) || a.level - b.level);
  }

  /** Every value, in the order of bytes, with its blocks by number, all levels added up. */
  *sums(): Generator<{ readonly value: Uint8Array; readonly blocks: ReadonlyMap<number, Float64Array> }> {
    let current: { value: Uint8Array; blocks: Map<number, Float64Array> } | undefined;
    for (const { value, blocks } of this.sorted()) {
      if (current === undefined || Buffer.compare(current.value, value) !== 0) {
        if (current !== undefined) yield current;
        current = { value, blocks: new Map() };
      }
      for (const [number, at] of blocks) {
        const sum = current.blocks.get(number) ?? new Float64Array(this.width);
        for (let i = 0; i < this.width; i++) sum[i] += this.cells[at + i];
        this.carry(sum, 0);
        current.blocks.set(number, sum);
      }
    }
    if (current !== undefined) yield current;
  }

  /** Canonical: equal tables give equal bytes. */
  encode(): Uint8Array {
    const out = new ByteWriter();
    const entries = this.sorted();
    out.number(this.least);
    out.number(entries.length);
    for (const { value, level, blocks } of entries) {
      out.text(value);
      out.number(level);
      out.number(blocks.length);
      for (const [number, at] of blocks) {
        out.number(number);
        for (let i = 0; i < this.width; i++) out.number(this.cells[at + i]);
      }
    }
    return out.take();
  }

  /** Adds a table that `encode` wrote, of the same limit and width. Throws InputError where the bytes lie. */
  add(bytes: Uint8Array): void {
    const from = new ByteReader('table of values', bytes);
    const least = from.number(MAXIMUM_LEVEL);
    if (least > this.least) this.raise(least);
    const entries = from.number(bytes.length);
    for (let entry = 0; entry < entries; entry++) {
      const value = from.text();
      const slot = this.slot(value, 0, value.length, from.number(MAXIMUM_LEVEL));
      const blocks = from.number(bytes.length);
      for (let b = 0; b < blocks; b++) {
        const number = from.number(BLOCKS - 1);
        const at = slot < 0 ? -1 : this.block(slot, number);
        for (let i = 0; i < this.width; i++) {
          const cell = from.number();
          if (at >= 0) this.cells[at + i] += cell;
        }
        if (at >= 0) this.carry(this.cells, at);
      }
    }
    from.end();
  }
}
