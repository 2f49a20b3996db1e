/** Jobs on Dataflow, through the job service of Beam's Python SDK. */
import '../sdk.js';
import { ConfigError } from '../../schemas/errors.js';
import type { RunnerConfig } from '../../schemas/runner.js';
import { JobError } from '../job-error.js';
import { runPortable } from '../remote.js';
import { explained, pythonError } from './dataflow-errors.js';
import { dataflowJobName, dataflowPipelineOptions } from './dataflow-options.js';
import { type DataflowService, type DataflowServiceOptions, startDataflowService } from './dataflow-service.js';
import type { Runner } from './runner.js';

/**
 * Dataflow by way of the service at `config.endpoint`, else of one that is started for the first job. The service gives no
 * metrics of Dataflow's: there is no progress, results have no counters, and the time without progress (`timeout`) has no limit.
 * A template is written instead of run, and is then done.
 *
 * Its `run` throws ConfigError for what the user has to set right (credentials, options, permissions), else as every runner does.
 */
export async function openDataflow(config: RunnerConfig, options: DataflowServiceOptions = {}): Promise<Runner> {
  const pipelineOptions = dataflowPipelineOptions(config);
  let service: Promise<DataflowService> | undefined;
  const endpoint = async () => {
    if (config.endpoint !== undefined) return config.endpoint;
    service ??= startDataflowService(options);
    return (await service).endpoint;
  };
  return {
    name: config.name,
    async run(build, { jobName, signal, ...rest }) {
      const givenUp = new AbortController();
      let known: string | undefined;
      const onMessage = (message: string) => {
        rest.onMessage?.(message);
        const { sentence, hopeless } = explained(message) ?? {};
        known ??= sentence;
        if (hopeless) givenUp.abort();
      };
      try {
        return await runPortable(build, {
          ...rest,
          jobEndpoint: await endpoint(),
          jobName: dataflowJobName(jobName),
          environment: { docker: config.image! },
          pipelineOptions,
          onMessage,
          signal: AbortSignal.any([givenUp.signal, ...(signal === undefined ? [] : [signal])]),
        });
      } catch (error) {
        if (signal?.aborted) throw error;
        if (known !== undefined) throw new ConfigError([known], 'Dataflow');
        const last = error instanceof JobError && error.thrown === undefined ? pythonError(error.details) : undefined;
        throw last === undefined ? error : new JobError(`Dataflow: ${last}`, [], { cause: error });
      }
    },
    async close() {
      await (await service?.catch(() => undefined))?.close();
    },
  };
}
