/** A run under way, and how it tells the one who started it what happens; nothing here prints. */
import type { Runner } from '../beam/index.js';
import type { Job } from '../transforms/read/job.js';

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

export interface RunContext {
  readonly job: Job;
  /** Folder of all attempts, and of nothing else: an absolute path. */
  readonly partial: string;
  /** Folder of what this attempt has found so far, below `partial`; workers read it too. */
  readonly staging: string;
  readonly runner: Runner;
  readonly hooks: RunHooks;
}
