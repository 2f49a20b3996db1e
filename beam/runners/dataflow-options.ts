/** What Dataflow is told, in the words of the Python SDK's options (`apache_beam/options/pipeline_options.py`). */
import type { RunnerConfig } from '../../schemas/runner.js';
import type { JsonValue } from '../job-request.js';

/** The options of one job, in camelCase, as `submitJob` takes them. The configuration's own `options` win. */
export function dataflowPipelineOptions(config: RunnerConfig): Record<string, JsonValue> {
  const labels = Object.entries(config.labels).map(([key, value]) => `${key}=${value}`);
  const given: Record<string, JsonValue | undefined> = {
    runner: 'DataflowRunner',
    project: config.project,
    region: config.region,
    tempLocation: config.tempLocation,
    stagingLocation: config.stagingLocation ?? config.tempLocation,
    sdkContainerImage: config.image,
    serviceAccountEmail: config.serviceAccount,
    network: config.network,
    subnetwork: config.subnetwork,
    numWorkers: config.workers,
    maxNumWorkers: config.maxWorkers,
    machineType: config.workerMachineType,
    labels: labels.length === 0 ? undefined : labels,
    update: config.update || undefined,
    templateLocation: config.templateLocation,
    ...config.options,
  };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

/** Longest name of a job that Dataflow takes. */
const NAME_LENGTH = 63;

/** A name of small letters, digits and hyphens, as Dataflow wants it; it refuses a second running job of one name. */
export function dataflowJobName(name: string): string {
  const words = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const bare = words.replace(/^[^a-z]+/, '').slice(0, NAME_LENGTH);
  return bare.replace(/-+$/, '') || 'm4-balance';
}
