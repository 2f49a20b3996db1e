/** Dataflow, from the section `runner` of a configuration. */
import type { DataflowOptions } from '../beam/runners/dataflow-options.js';
import type { Config } from '../schemas/config.js';
import { unrunnableOnDataflow } from '../schemas/dataflow-checks.js';
import { ConfigError, InvariantError } from '../schemas/errors.js';
import type { RunnerConfig } from '../schemas/runner.js';

/** The options of each job. Throws InvariantError where one is missing that `checkConfig` requires. */
export function dataflowOptionsOf(runner: RunnerConfig): DataflowOptions {
  const { project, region, tempLocation, image } = runner;
  if (project === undefined || region === undefined || tempLocation === undefined || image === undefined) {
    throw new InvariantError('Dataflow without project, region, tempLocation or image');
  }
  return { ...runner, project, region, tempLocation, image };
}

/** Throws ConfigError where the run is to be on Dataflow and cannot be, which a dry run only tells. */
export function requireRunnable(config: Config): void {
  const issues = config.runner.name === 'dataflow' ? unrunnableOnDataflow(config) : [];
  if (issues.length > 0) throw new ConfigError(issues);
}
