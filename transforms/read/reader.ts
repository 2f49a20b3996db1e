/** Rows of the plan as canonical batches: split by split, or between two global row numbers. */
import type { RecordBatch, Schema } from 'apache-arrow';
import { formatNamed, readsAhead } from '../../formats/index.js';
import type { ByteSource } from '../../schemas/bytes.js';
import { InputError } from '../../schemas/errors.js';
import type { Split } from '../../schemas/split.js';
import { absolutePath, pinOf, storageFor } from '../../storage/index.js';
import { type Attached, withColumns } from './attached.js';
import { canonicalise, canonicalSchema, inputsOf } from './columns.js';
import { lossesBySplit, type Unreadable } from './losses.js';
import { type InputPlan, type PlannedFile, saysNothingOfTheFile, splitsOf } from './plan.js';

/** Rows that could be read. Batches may be zero-copy slices; they hold until the next piece is asked for, or no more are. */
export interface Examples {
  readonly batch: RecordBatch;
  /** Global row number of the batch's first row. */
  readonly firstRow: number;
}

export type Piece = Examples | Unreadable;

export interface Reader {
  /** The rows of one split in order, which is begun at once; a part that cannot be decoded comes as Unreadable. */
  split(split: Split): AsyncGenerator<Piece>;
  /**
   * The rows from..to (global row numbers, to exclusive) in order. Consecutive ranges continue where the last one stopped,
   * without decoding anything twice.
   */
  range(from: number, to: number): AsyncGenerator<Piece>;
  /** File and group of a global row number, for messages. */
  placeOf(row: number): string;
}

export interface ReaderOptions {
  /** The canonical or carried columns that are wanted; left out, all of them. */
  readonly columns?: readonly string[];
  /** Rows that another pass could not read, and that this one does not try to. */
  readonly losses?: readonly Unreadable[];
  /** Further columns, after the input's. */
  readonly attached?: Attached;
  /** Names of columns that the caller also takes with a dictionary (see `Format.read`), so that batches may differ in their types. */
  readonly dictionaries?: readonly string[];
  /** Work for the time in which another thread decodes: called each time that one begins, so the first rows come later if it takes longer. */
  readonly meanwhile?: () => void;
}

export function createReader(plan: InputPlan, options: ReaderOptions = {}): Reader {
  const { columns, losses = [], attached, dictionaries, meanwhile } = options;
  const files = new Map(plan.files.map((f) => [f.path, f]));
  const layouts = plan.layouts.map((l) => (columns === undefined ? l : l.filter((s) => columns.includes(s.name))));
  const withId = plan.rowNumberIds && (columns === undefined || columns.includes('id'));
  const splits = [...splitsOf(plan)];
  const lost = lossesBySplit(plan, losses);
  let schema: Schema | undefined;
  /** The schema of the file's batches of which `schema` was made. */
  let seen: Schema | undefined;

  /** Of the file that was read last: as it was planned when it was opened, and each read asks whether it still is. */
  let last: { readonly path: string; readonly source: Promise<ByteSource> } | undefined;

  function sourceOf(file: PlannedFile): Promise<ByteSource> {
    if (last?.path !== file.path) {
      const opened = { path: file.path, source: openUnchanged(plan.folder, file) };
      last = opened;
      opened.source.catch(() => {
        if (last === opened) last = undefined;
      });
    }
    return last!.source;
  }

  async function* split(s: Split): AsyncGenerator<Piece> {
    let row = s.firstRow;
    const end = s.firstRow + s.rows;
    const loss = lost.get(s.ordinal);
    const readable = loss?.firstRow ?? end;
    try {
      const file = files.get(s.file)!;
      const sources = layouts[file.layout]!;
      if (row < readable) {
        const source = await sourceOf(file);
        const more = await attached?.open(s);
        const types = Object.fromEntries(sources.flatMap((c) => inputsOf([c]).map((input) => [input, c.type])));
        const pieces = formatNamed(s.format).read(source, s.group, inputsOf(sources), undefined, types, {
          passing: true,
          underWay: meanwhile,
          ...(dictionaries && { dictionaries: inputsOf(sources.filter(({ name }) => dictionaries.includes(name))) }),
        });
        for await (const raw of pieces) {
          if (row + raw.numRows > end) throw rowCount(s, `more than ${s.rows}`);
          // With dictionaries the types are those of the row group.
          if (schema === undefined || (dictionaries !== undefined && raw.schema !== seen)) {
            schema = canonicalSchema(raw, sources, withId);
            seen = raw.schema;
          }
          const wanted = row + raw.numRows > readable ? raw.slice(0, readable - row) : raw;
          const own = canonicalise(wanted, sources, schema, row);
          const batch =
            more === undefined ? own : withColumns(own, attached!.fields, await more(row - s.firstRow, own.numRows));
          yield { batch, firstRow: row };
          row += wanted.numRows;
          if (row === readable && loss !== undefined) break;
        }
      }
      if (row !== readable) throw rowCount(s, String(row - s.firstRow));
      if (loss !== undefined) yield loss;
    } catch (error) {
      if (!(error instanceof InputError) || saysNothingOfTheFile(error)) throw error;
      yield { firstRow: row, rows: end - row, file: s.file, reason: error.message };
    }
  }

  let ahead: (Started<Piece> & { readonly ordinal: number }) | undefined;
  let following = 0;

  /**
   * The pieces of a split, which is begun at once. Splits that are read in their order, as from the first on, are begun one ahead: their decoding takes
   * another thread.
   */
  function begin(s: Split): AsyncGenerator<Piece> {
    const { values, first } = ahead?.ordinal === s.ordinal ? ahead : started(split(s));
    const next = s.ordinal === following ? splits[s.ordinal + 1] : undefined;
    following = s.ordinal + 1;
    // Behind the one that is asked for: the thread decodes in the order in which it is asked.
    ahead = next && readsAhead(next.format) ? { ordinal: next.ordinal, ...started(split(next), first) } : undefined;
    return values;
  }

  let open: { pieces: AsyncGenerator<Piece>; ordinal: number } | undefined;
  let rest: Piece | undefined;
  let position = -1;

  async function next(): Promise<Piece | undefined> {
    if (rest !== undefined) {
      const piece = rest;
      rest = undefined;
      return piece;
    }
    while (open !== undefined) {
      const { value, done } = await open.pieces.next();
      if (!done) return value;
      const next = splits[open.ordinal + 1];
      open = next && { pieces: begin(next), ordinal: next.ordinal };
    }
    return undefined;
  }

  async function* range(from: number, to: number): AsyncGenerator<Piece> {
    if (position !== from) {
      await open?.pieces.return(undefined);
      rest = undefined;
      const first = splits[splitAt(splits, from)];
      open = first && { pieces: begin(first), ordinal: first.ordinal };
    }
    position = from;
    while (position < to) {
      const piece = await next();
      if (piece === undefined) return;
      const end = piece.firstRow + rowsOf(piece);
      if (end <= position) continue;
      if (end > to) rest = cut(piece, to, end);
      const wanted = cut(piece, position, Math.min(end, to));
      position = Math.min(end, to);
      yield wanted;
    }
  }

  function placeOf(row: number): string {
    const { file, group } = splits[splitAt(splits, row)]!;
    return `${file}, group ${group}`;
  }

  return { split: begin, range, placeOf };
}

interface Started<T> {
  readonly values: AsyncGenerator<T>;
  /** Settles once the first value is there, or none. */
  readonly first: Promise<unknown>;
}

/** The same values, of which the first is being made already, or will be once `behind` has settled. */
function started<T>(values: AsyncGenerator<T>, behind?: Promise<unknown>): Started<T> {
  const next = () => values.next();
  const first = behind === undefined ? next() : behind.then(next, next);
  // Whoever takes it is told.
  first.catch(() => undefined);
  async function* all() {
    try {
      const { value, done } = await first;
      if (done) return;
      yield value;
      yield* values;
    } finally {
      await values.return(undefined);
    }
  }
  return { values: all(), first };
}

/** Throws InputError where the file is not the one that was planned; where the storage counts versions, each read does. */
async function openUnchanged(folder: string, planned: PlannedFile): Promise<ByteSource> {
  const { path, bytes, modified } = planned;
  const storage = storageFor(path);
  const place = absolutePath(folder, path);
  const pin = pinOf(planned);
  if (pin !== undefined) return storage.open(place, pin);
  const changed = (expected: string, got: string) =>
    new InputError('file changed', {
      file: path,
      expected: `${expected}, as when the run was planned`,
      got,
      hint: 'Start the run again.',
    });
  for await (const now of storage.list([place])) {
    if (now.bytes !== bytes) throw changed(`${bytes} bytes`, `${now.bytes} bytes`);
    if (now.modified?.getTime() !== modified) throw changed('no change', 'a file that was written to since');
  }
  return storage.open(place);
}

/** The error, with the place of the row near which it was found where it names no file itself. */
export function placed(error: unknown, reader: Reader, row: number): unknown {
  if (error instanceof InputError && error.mismatch.file === undefined) {
    error.message = `${reader.placeOf(row)}: ${error.message}`;
  }
  return error;
}

function rowCount(split: Split, got: string): InputError {
  return new InputError('rows', {
    file: split.file,
    place: `row group ${split.group}`,
    expected: `${split.rows} rows, as the footer says`,
    got,
  });
}

export function isUnreadable(piece: Piece): piece is Unreadable {
  return 'reason' in piece;
}

function rowsOf(piece: Piece): number {
  return isUnreadable(piece) ? piece.rows : piece.batch.numRows;
}

/** The part of a piece between two global row numbers that lie within it. */
function cut(piece: Piece, from: number, to: number): Piece {
  const begin = from - piece.firstRow;
  if (begin === 0 && to - from === rowsOf(piece)) return piece;
  if (isUnreadable(piece)) return { ...piece, firstRow: from, rows: to - from };
  return { batch: piece.batch.slice(begin, to - piece.firstRow), firstRow: from };
}

/** The last split that begins at or before `row`, skipping empty ones. */
export function splitAt(splits: readonly { readonly firstRow: number }[], row: number): number {
  let low = 0;
  let high = splits.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (splits[middle]!.firstRow <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
