import type { ByteSink, ByteSource } from '../schemas/bytes.js';

/** One file that a listing found. */
export interface StorageEntry {
  readonly path: string;
  readonly bytes: number;
  readonly modified?: Date;
  /** Another one whenever the file is written, where the storage counts them. */
  readonly version?: string;
}

export interface ListOptions {
  /** Endings that make a file of a folder a data file (`.parquet`); left out: every file. A file or glob given by name is not held to them. */
  readonly suffixes?: readonly string[];
}

/** What a listing told of a file: reading another version of it throws ChangedError. */
export type Pin = Required<Pick<StorageEntry, 'bytes' | 'version'>>;

/** The pin of a file that was listed; undefined where the storage counts no versions. */
export function pinOf({ bytes, version }: Pick<StorageEntry, 'bytes' | 'version'>): Pin | undefined {
  return version === undefined ? undefined : { bytes, version };
}

/** Where bytes live. Knows nothing of what is in them. */
interface Files {
  /**
   * Files behind paths, folders and globs. A folder is walked to the bottom, without files and folders that start with `.` or `_`.
   * Patterns in the given order, files by code unit within a pattern, each file once. Throws an InputError for a pattern without a file.
   */
  list(patterns: readonly string[], options?: ListOptions): AsyncIterable<StorageEntry>;
  /** A file to be read in ranges. Throws an InputError where it is absent, not a file, or not readable. `pin`: as it was listed, and then nothing is asked. */
  open(path: string, pin?: Pin): Promise<ByteSource>;
  /** A new file; missing folders are made. An existing file is replaced when the sink is closed. */
  create(path: string): Promise<ByteSink>;
  /** The whole file: for small ones (configurations, manifests). */
  readAll(path: string): Promise<Uint8Array>;
  /** Whether there is a file of this name. */
  exists(path: string): Promise<boolean>;
  /** Writes a small file where there is none of its name, all at once. Resolves to false, and writes nothing, where there is one. */
  createNew(path: string, bytes: Uint8Array): Promise<boolean>;
  /** Removes a file, or a folder and all in it; no error where there is nothing. */
  remove(path: string): Promise<void>;
  /** Every file below a folder, hidden ones too, sorted by path; none where the folder is absent. */
  listFiles(directory: string): Promise<StorageEntry[]>;
}

/** A file system: what is written becomes visible all at once by the renaming of its folder. */
export interface FolderStorage extends Files {
  readonly kind: 'folders';
  /** Renames a file, atomically; missing folders are made, an existing file is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Renames a folder, atomically. Throws an InputError where `to` exists and is not an empty folder. */
  publish(from: string, to: string): Promise<void>;
}

/** Objects in buckets: folders cannot be renamed, but one file can be replaced on condition that nobody else has done so. */
export interface ObjectStorage extends Files {
  readonly kind: 'objects';
  /** Copies a file within the storage. Resolves to its size. */
  copy(from: string, to: string): Promise<number>;
  /** The file's version; undefined where there is none. */
  versionOf(path: string): Promise<string | undefined>;
  /**
   * Writes a small file where it still is of the version `expected`; undefined: where there is none. Resolves to its new version.
   * Throws ChangedError where another process was first.
   */
  replace(path: string, bytes: Uint8Array, expected: string | undefined): Promise<string>;
}

export type Storage = FolderStorage | ObjectStorage;
