/** What a run would submit to its runner, before any of it was run. */
import { describeJob, type JobDescription } from '../beam/graph.js';
import type { WorkerEnvironment } from '../beam/index.js';
import type { JsonValue } from '../beam/job-request.js';
import { dataflowJobName, dataflowPipelineOptions } from '../beam/runners/dataflow-options.js';
import type { Config } from '../schemas/config.js';
import { unrunnableOnDataflow } from '../schemas/dataflow-checks.js';
import { environmentOf, type RunnerConfig } from '../schemas/runner.js';
import type { Job } from '../transforms/read/job.js';
import { jobNameOf, type Phase, phaseGraph } from './phase.js';
import { phasesOf } from './phase-list.js';
import { partialOf } from './prepare.js';

export interface SubmissionSummary {
  readonly runner: string;
  /** In order; those that only some data need are among them. */
  readonly jobs: readonly (JobDescription & { readonly phase: string; readonly title: string })[];
  /** Why the run cannot be started as it is, one sentence for each reason. */
  readonly problems: readonly string[];
}

/** Where workers come from, in words where it is known only when the runner starts. */
function workersOf(runner: RunnerConfig): WorkerEnvironment {
  const { image = '', workerCommand = '(of this installation)', workerPool = '(of this machine)' } = runner;
  switch (environmentOf(runner)) {
    case 'docker':
      return { docker: image };
    case 'process':
      return { process: workerCommand };
    case 'external':
      return { external: workerPool };
  }
}

function optionsOf(runner: RunnerConfig): Record<string, JsonValue> {
  if (runner.name === 'dataflow') return dataflowPipelineOptions(runner);
  return { parallelism: runner.parallelism, ...runner.options };
}

/** A phase, the staging folder of what it is a part of, and the name of that run. */
export interface PlannedPhase {
  readonly run: string;
  readonly staging: string;
  readonly phase: Phase;
}

/** Builds every job of the run as its runner would be given it. Reads and sends nothing. */
export function describeSubmission(config: Config, phases: readonly PlannedPhase[]): SubmissionSummary {
  const { runner } = config;
  const spec = { environment: workersOf(runner), pipelineOptions: optionsOf(runner) };
  return {
    runner: runner.name,
    jobs: phases.map(({ run, staging, phase }) => {
      const name = jobNameOf(run, phase.name);
      const jobName = runner.name === 'dataflow' ? dataflowJobName(name) : name;
      return {
        phase: phase.name,
        title: phase.title,
        ...describeJob(phaseGraph(staging, phase), { ...spec, jobName }),
      };
    }),
    problems: runner.name === 'dataflow' ? unrunnableOnDataflow(config) : [],
  };
}

/** The jobs of a balancing run. */
export function describeBalance(config: Config, job: Job): SubmissionSummary {
  // Below it, an attempt has a folder of its own, which only a run begins.
  const staging = partialOf(config.output.directory);
  const phases = phasesOf(staging, job).map((phase) => ({ run: job.run, staging, phase }));
  return describeSubmission(config, phases);
}
