/** Dataflow, as a run sees it. */
import type { Config } from '../schemas/config.js';
import { unrunnableOnDataflow } from '../schemas/dataflow-checks.js';
import { ConfigError } from '../schemas/errors.js';

/** Throws ConfigError where the run is to be on Dataflow and cannot be, which a dry run only tells. */
export function requireRunnable(config: Config): void {
  const issues = config.runner.name === 'dataflow' ? unrunnableOnDataflow(config) : [];
  if (issues.length > 0) throw new ConfigError(issues);
}
