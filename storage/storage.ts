import type { ByteSink, ByteSource } from '../schemas/bytes.js';

/** One file that a listing found. */
export interface StorageEntry {
  readonly path: string;
  readonly bytes: number;
  readonly modified?: Date;
}

export interface ListOptions {
  /** Endings that make a file of a folder a data file (`.parquet`); left out: every file. A file or glob given by name is not held to them. */
  readonly suffixes?: readonly string[];
}

/** Where bytes live. Knows nothing of what is in them. */
export interface Storage {
  /**
   * Files behind paths, folders and globs. A folder is walked to the bottom, without files and folders that start with `.` or `_`.
   * Patterns in the given order, files by code unit within a pattern, each file once. Throws an InputError for a pattern without a file.
   */
  list(patterns: readonly string[], options?: ListOptions): AsyncIterable<StorageEntry>;
  /** A file to be read in ranges. Throws an InputError where it is absent, not a file, or not readable. */
  open(path: string): Promise<ByteSource>;
  /** A new file; missing folders are made. An existing file is replaced when the sink is closed. */
  create(path: string): Promise<ByteSink>;
  /** The whole file: for small ones (configurations, manifests). */
  readAll(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
  /** Removes a file, or a folder and all in it; no error where there is nothing. */
  remove(path: string): Promise<void>;
  /** Renames a file, atomically; missing folders are made, an existing file is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Renames a folder, atomically. Throws an InputError where `to` exists and is not an empty folder. */
  publish(from: string, to: string): Promise<void>;
  /** Every file below a folder, hidden ones too, sorted by path; none where the folder is absent. */
  listFiles(directory: string): Promise<StorageEntry[]>;
}
