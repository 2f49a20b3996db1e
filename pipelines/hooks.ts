/** How a run tells the one who started it what happens; nothing here prints. */

export interface Progress {
  /** What is being done, in a word or two. */
  readonly phase: string;
  readonly rows: number;
  /** Rows of the phase, 0 where they are not known. */
  readonly total: number;
  /** Counts by name. */
  readonly counters: ReadonlyMap<string, number>;
}

export interface RunHooks {
  onProgress?(progress: Progress): void;
  onLog?(level: 'info' | 'warn', message: string): void;
  /** Stops the run cleanly: it rejects with the signal's reason, and the same run again goes on from what is finished. */
  readonly signal?: AbortSignal;
}
