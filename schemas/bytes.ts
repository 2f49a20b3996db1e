/** A file that can be read in ranges. `read` returns exactly `end - start` bytes or throws an InputError. */
export interface ByteSource {
  /** What to call it in messages: a path or URL. */
  readonly name: string;
  readonly bytes: number;
  /** `into`: memory of at least as many bytes that the answer may be put in, and be a view of; a source need not. */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** Bytes of one output file, in order. Nothing is visible under the final name before `close` resolves. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<{ bytes: number; sha256: string }>;
  /** Drops what was written. Safe after a failure, and after `close` a no-op. */
  abort(): Promise<void>;
}
