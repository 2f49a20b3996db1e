/** Jobs on Dataflow, through the job service of Beam's Python SDK. */
import type { Root } from 'apache-beam/pvalue';
import { ConfigError } from '../../schemas/errors.js';
import type { RunnerConfig } from '../../schemas/runner.js';
import type { RunOptions, RunResult } from '../direct-runner.js';
import { runPortable } from '../remote.js';
import { explained, withoutTraceback } from './dataflow-errors.js';
import { dataflowJobName, dataflowPipelineOptions } from './dataflow-options.js';
import { type DataflowService, type DataflowServiceOptions, startDataflowService } from './dataflow-service.js';

export interface DataflowRunner {
  readonly name: 'dataflow';
  /**
   * Submits the job and waits for its end; the signal cancels it. The service gives no metrics of Dataflow's: there is no
   * progress, and the result's counters are empty. A template is written instead of run, and is then done.
   *
   * Throws ConfigError for what the user has to set right (credentials, options, permissions), else an error with the job's
   * last messages.
   */
  run(
    build: (root: Root) => void,
    options: RunOptions & { readonly jobName: string; onMessage?(message: string): void },
  ): Promise<RunResult>;
  close(): Promise<void>;
}

/**
 * Dataflow by way of the service at `config.endpoint`, else of one that is started for the first job. There is no limit to the
 * time without progress (`timeout`), for none is seen.
 */
export async function openDataflow(
  config: RunnerConfig,
  options: DataflowServiceOptions = {},
): Promise<DataflowRunner> {
  const pipelineOptions = dataflowPipelineOptions(config);
  let service: Promise<DataflowService> | undefined;
  const endpoint = async () => {
    if (config.endpoint !== undefined) return config.endpoint;
    service ??= startDataflowService(options);
    return (await service).endpoint;
  };
  return {
    name: 'dataflow',
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
        const { message } = error as Error;
        const short = withoutTraceback(message);
        throw short === message ? error : new Error(`Dataflow: ${short}`, { cause: error });
      }
    },
    async close() {
      await (await service?.catch(() => undefined))?.close();
    },
  };
}
