/** The unit of reading, retry and counting: a row group of a Parquet file, record batches of an Arrow file, or a whole shard (tar, TFRecord). */
export interface Split {
  /** Position in the plan, from 0. */
  readonly ordinal: number;
  readonly file: string;
  /** The file's size in bytes when it was planned, to notice a file replaced in mid-run. */
  readonly fileBytes: number;
  readonly format: string;
  /** Row group (Parquet), record batch (Arrow file), or 0 for a stream or a shard. */
  readonly group: number;
  /** Global row number of the first row over the whole input, in the order of files and groups. */
  readonly firstRow: number;
  readonly rows: number;
  /** Uncompressed bytes, as far as the footer tells; an estimate. */
  readonly bytes: number;
}

export interface ColumnInfo {
  readonly name: string;
  /** Arrow type, as apache-arrow prints it (`Utf8`, `Float32`, `List<Utf8>`). */
  readonly type: string;
  readonly nullable: boolean;
  /** The format declares no types: this is the narrowest that holds the file's values, and a file may lack what others have. */
  readonly inferred?: true;
}

/** What a footer, or a walk over the file, says of one file. */
export interface FilePlan {
  readonly columns: readonly ColumnInfo[];
  readonly groups: readonly { readonly rows: number; readonly bytes: number }[];
}
