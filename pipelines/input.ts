/** What the configuration gives as input, planned as files: those it names, or the copy of a table. */
import type { Config } from '../schemas/config.js';
import { type InputPlan, planInput } from '../transforms/read/plan.js';
import type { RunHooks } from './hooks.js';

export interface InputOptions {
  readonly hooks?: RunHooks;
  /** Only looks: nothing is copied, and the plan of a table has its columns and its size. */
  readonly look?: boolean;
}

/** `outputs`: the run's own folders, its output first. Throws as planInput does; ServiceError where BigQuery refuses. */
export async function planGiven(
  input: Config['input'],
  outputs: readonly [output: string, ...string[]],
  { hooks = {}, look = false }: InputOptions,
): Promise<InputPlan> {
  const { bigquery, files = [] } = input;
  if (bigquery === undefined) return planInput({ ...input, files }, outputs);
  // Loaded where it is needed: workers and runs on files do without.
  const { copyTable, lookAtTable } = await import('./bigquery-input.js');
  const plan = (copied: string) => planInput({ ...input, files: copied }, outputs);
  const [directory] = outputs;
  return look ? lookAtTable(bigquery, directory, plan) : plan(await copyTable(bigquery, directory, hooks));
}
