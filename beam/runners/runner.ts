/** What runs a pipeline. Each file of this folder opens one kind of runner; pipelines/ choose among them. */
import type { Root } from 'apache-beam/pvalue';
import type { RunOptions, RunResult } from '../direct-runner.js';

export interface JobRunOptions extends RunOptions {
  /** Letters, digits and dashes; the same for the same work. */
  readonly jobName: string;
}

export interface Runner {
  readonly name: string;
  /**
   * Builds a pipeline and runs it to its end. Rejects with the error of a DoFn, with what the runner said of a failed job
   * (JobError), or with the signal's reason; nothing of the job is at work any more then, as far as the runner tells.
   */
  run(build: (root: Root) => void, options: JobRunOptions): Promise<RunResult>;
  /** Stops whatever was started for it. */
  close(): Promise<void>;
}
