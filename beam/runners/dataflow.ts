import '../sdk.js';
import { ConfigError } from '../../schemas/errors.js';
import type { RunnerConfig } from '../../schemas/runner.js';
import type { Runner } from './runner.js';

/** Google Cloud Dataflow. */
export async function openDataflow(_config: RunnerConfig): Promise<Runner> {
  throw new ConfigError(['runner.name: dataflow cannot be used in this version.']);
}
