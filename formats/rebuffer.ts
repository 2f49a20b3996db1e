import { type Data, type RecordBatch, type Schema, Type, util } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';
import { type Allocate, type Arena, makeArena } from './arena.js';
import { type BatchRange, concatRanges } from './concat.js';
import { layoutOf } from './data.js';
import { makeBlock } from './spares.js';

/** A group is only cut for its bytes at multiples of this many of its rows, so that bytes need not be counted row by row. */
const CUT_ROWS = 256;

/** How rows are cut into groups. */
export interface GroupSize {
  readonly rows: number;
  /** A group ends once it has this many bytes of values, however few rows it has: wide rows (images) must not fill memory or 32-bit offsets. */
  readonly bytes: number;
}

/** Bytes of the values (and offsets) of rows `[start, end)`; bitmaps are left out. It depends on the rows only, not on how they are stored. */
export function rangeBytes(data: Data, start: number, end: number): number {
  switch (layoutOf(data.type)) {
    case 'fixed':
      return (end - start) * data.stride * (data.values as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    case 'bytes': {
      const offsets = data.valueOffsets as Int32Array;
      return 4 * (end - start) + offsets[end]! - offsets[start]!;
    }
    case 'list': {
      const offsets = data.valueOffsets as Int32Array;
      return 4 * (end - start) + rangeBytes(data.children[0]!, offsets[start]!, offsets[end]!);
    }
    case 'fixedList':
      return rangeBytes(data.children[0]!, start * data.stride, end * data.stride);
    case 'struct':
      return data.children.reduce((sum, child) => sum + rangeBytes(child, start, end), 0);
    default:
      return 0;
  }
}

/** Rows that arrive in batches of any size, given out again in groups that depend on the rows alone. A group is void once the next is taken. */
export interface Rebuffer {
  /**
   * The groups that are complete with these rows, in order, each made by its call, before the next is asked for. Once all of them are made, nothing of the batch
   * is kept.
   */
  push(batch: RecordBatch): IterableIterator<() => RecordBatch>;
  /** The last, incomplete group, if there is one. */
  rest(): RecordBatch | undefined;
}

/** Bytes of bitmaps, last offsets and padding, on top of those that are counted: a guess, a group that takes more is no longer one block. */
const slack = (bytes: number, rows: number, columns: number) => bytes / 16 + columns * (rows / 4 + 64);

/**
 * Cuts a stream of rows into groups of exactly `size.rows` rows (fewer where `size.bytes` is reached first). Rows that wait for their group are copies,
 * and so are groups, with offset 0, in memory that is used again: fresh memory for each, which the collector would have to find, costs more than to copy. A group is
 * nearly always one block, with the buffers end to end in the order of Arrow's IPC format, after `room` free bytes. Throws an InvariantError for a batch of another schema, or with a dictionary: readers deliver plain columns.
 */
export function makeRebuffer(schema: Schema, size: GroupSize, room = 0, allocate?: Allocate): Rebuffer {
  const dictionary = schema.fields.find(({ type }) => type.typeId === Type.Dictionary);
  if (dictionary !== undefined) throw new InvariantError(`writer: the column ${dictionary.name} is a dictionary`);
  let parts: BatchRange[] = [];
  let rows = 0;
  let bytes = 0;
  const arena = makeArena(allocate);
  /** Memory of rows that wait, and memory that none are in any more. */
  let waiting: Arena[] = [];
  const free: Arena[] = [];
  const keep = (range: BatchRange, bytes: number) => {
    const count = range.end - range.start;
    const memory = free.pop() ?? makeArena(makeBlock);
    memory.reset(Math.ceil(bytes + slack(bytes, count, schema.fields.length)));
    waiting.push(memory);
    parts.push({ batch: concatRanges([range], memory.take), start: 0, end: count });
  };
  const take = () => {
    arena.reset(Math.ceil(room + bytes + slack(bytes, rows, schema.fields.length)));
    arena.take(room);
    const group = concatRanges(parts, arena.take);
    parts = [];
    free.push(...waiting);
    waiting = [];
    rows = 0;
    bytes = 0;
    return group;
  };
  return {
    *push(batch) {
      if (batch.schema !== schema && !util.compareSchemas(batch.schema, schema)) {
        throw new InvariantError(`writer: a batch with the columns ${batch.schema} where ${schema} was promised`);
      }
      let first = 0;
      let before = bytes;
      for (let start = 0; start < batch.numRows; ) {
        const step = Math.min(batch.numRows - start, size.rows - rows, CUT_ROWS - (rows % CUT_ROWS));
        const end = start + step;
        for (const column of batch.data.children) bytes += rangeBytes(column, start, end);
        rows += step;
        start = end;
        if (rows === size.rows || (rows % CUT_ROWS === 0 && bytes >= size.bytes)) {
          parts.push({ batch, start: first, end });
          first = end;
          yield take;
          before = 0;
        }
      }
      if (first < batch.numRows) keep({ batch, start: first, end: batch.numRows }, bytes - before);
    },
    rest: () => (rows === 0 ? undefined : take()),
  };
}
