/** Opens the runner that a configuration names. All but the direct one are loaded when used: gRPC takes longer to load than a small run. */
import { openDirect, type Runner } from '../beam/index.js';
import type { RunnerConfig, RunnerName } from '../schemas/runner.js';

const runners: Readonly<Record<RunnerName, (config: RunnerConfig) => Promise<Runner>>> = {
  direct: async () => openDirect(),
  prism: async (config) => (await import('../beam/runners/prism.js')).openPrism(config),
  flink: async (config) => (await import('../beam/runners/portable.js')).openFlink(config),
  portable: async (config) => (await import('../beam/runners/portable.js')).openJobService(config),
  dataflow: async (config) => (await import('../beam/runners/dataflow.js')).openDataflow(config),
};

/** The caller closes it. Throws ConfigError where the runner is not there. */
export function openRunner(config: RunnerConfig): Promise<Runner> {
  return runners[config.name](config);
}
