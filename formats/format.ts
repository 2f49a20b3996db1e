import type { RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../schemas/bytes.js';
import type { FilePlan } from '../schemas/split.js';

/** Rows of a batch, at most: small enough for a processor's cache with a few columns, large enough to forget the cost of a batch. */
export const BATCH_ROWS = 8192;

/** Rows of a batch, at most, whose columns are bits or numbers of a dictionary, where the caller takes them so: see `Format.read`. */
export const PACKED_BATCH_ROWS = 2 ** 17;

/** Uncompressed bytes of a batch, about. */
export const BATCH_BYTES = 2 * 2 ** 20;

/** Batches of which less is to be done, where the caller says that it takes them so. */
export interface Takes {
  /** Batches need not hold longer than until the next one is asked for, or no more are: their memory may be used again. */
  readonly passing?: boolean;
  /** Called where another thread decodes, once it has what it needs: what takes long on this one had better wait until then. */
  readonly underWay?: () => void;
  /**
   * Columns of strings, or of lists of strings, that may have a dictionary. Batches that are made up of such columns and of booleans may then have up to
   * PACKED_BATCH_ROWS rows, and hold until the next batch is asked for, or no more are.
   */
  readonly dictionaries?: readonly string[];
}

/**
 * A file format that is read in groups. Batches hold plain types only (no dictionaries, views or 64-bit offsets), start at offset 0, and own
 * their buffers, but for what the caller takes otherwise. Whatever is wrong with a file is an InputError with its name, the group and, where known, the column.
 */
export interface Format {
  readonly name: string;
  /** Lower-case file endings, with the dot. */
  readonly extensions: readonly string[];
  /** Columns and groups of a file, from its footer or message headers alone; where there are none, from a walk over the file. */
  plan(source: ByteSource): Promise<FilePlan>;
  /**
   * The rows of group `group` in file order, in batches of at most `batchRows` (default BATCH_ROWS) and about 2 MB unless a row is larger. `columns` are top-level
   * names, in the order wanted; left out: all. Throws an InputError for a column that the file does not have.
   * `types`: of a file whose columns are inferred, the type that each has over all files of the input; columns of other files are then there too, and null.
   * `takes`: what the caller takes beside plain columns that own their buffers.
   */
  read(
    source: ByteSource,
    group: number,
    columns?: readonly string[],
    batchRows?: number,
    types?: Readonly<Record<string, string>>,
    takes?: Takes,
  ): AsyncIterable<RecordBatch>;
}

/**
 * Turns batches into the bytes of one file: append what each call returns, in order. It holds until the next call: a writer may use its memory again. So
 * may whoever made the batch, once the call has returned.
 */
export interface BatchWriter {
  write(batch: RecordBatch): Uint8Array[] | Promise<Uint8Array[]>;
  /** The last bytes; the writer is done. */
  close(): Uint8Array[] | Promise<Uint8Array[]>;
}
