/**
 * The configuration's section `runner`: on what the job runs. It is no part of what the run is: the same job gives the same bytes
 * on each. Keys of other runners may stay in a file, so that `--runner` alone changes it.
 */
import * as z from 'zod';

export const RUNNERS = ['direct', 'prism', 'flink', 'portable', 'dataflow'] as const;
export type RunnerName = (typeof RUNNERS)[number];

export const ENVIRONMENTS = ['external', 'process', 'docker'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

const address = z
  .string()
  .regex(/^[^\s/]+:\d+$/)
  .meta({ title: 'an address as host:port' });
const text = z.string().min(1);
const path = text.meta({ title: 'a path' });
const count = z.number().int().min(1);
// Titled, so that zod writes them as a union and not as a list of types, which our messages do not read.
const scalar = z.union([
  z.string().meta({ title: 'a text' }),
  z.number().meta({ title: 'a number' }),
  z.boolean().meta({ title: 'true or false' }),
]);

export const runnerSchema = z.strictObject({
  name: z
    .enum(RUNNERS)
    .default('direct')
    .describe(
      'direct: this process; prism: a local runner, started for the run; flink, portable: a job service; dataflow: Google Cloud',
    ),
  endpoint: address
    .optional()
    .describe(
      'host:port of the job service: flink and portable need it; prism and dataflow are then reached, not started',
    ),
  environment: z
    .enum(ENVIRONMENTS)
    .optional()
    .describe(
      'Where workers come from: processes of this machine or a worker-pool, a command of the runner, a container; default docker for dataflow, else external',
    ),
  image: text.meta({ title: 'the name of an image' }).optional().describe('docker: the container image of the workers'),
  workerCommand: path
    .optional()
    .describe("process: the command on the runner's machines that starts a worker; left out: this installation's own"),
  workerPool: address
    .optional()
    .describe('external: host:port of a running m4-balance worker-pool; left out: workers of this machine'),
  parallelism: count
    .max(4096)
    .default(1)
    .describe(
      'Bundles at a time, where the runner lets one choose; above 1, external workers are processes of their own',
    ),
  workersPerMachine: count
    .max(4096)
    .optional()
    .describe(
      'flink: workers of each TaskManager; left out: parallelism where the endpoint is on this machine, else as many as Flink chooses, by its cores',
    ),
  timeout: z
    .number()
    .positive()
    .default(3600)
    .describe('Seconds without any progress after which a job is cancelled: runners may hang when their workers die'),
  prism: path.optional().describe('The binary of prism; left out: from $PATH or .runners/bin'),
  project: text.optional().describe('dataflow: the Google Cloud project'),
  region: text.optional().describe('dataflow: the region, for example europe-west1'),
  tempLocation: path.optional().describe('dataflow: a folder for temporary files, gs://…'),
  stagingLocation: path.optional().describe('dataflow: a folder for staged files; default tempLocation'),
  serviceAccount: text.optional().describe('dataflow: e-mail of the service account of the workers'),
  network: text.optional().describe('dataflow: the network of the workers'),
  subnetwork: text.optional().describe('dataflow: the subnetwork of the workers'),
  workers: count.optional().describe('dataflow: workers at the start'),
  maxWorkers: count.optional().describe('dataflow: workers at most'),
  workerMachineType: text.optional().describe('dataflow: the machine type, for example n2-standard-4'),
  labels: z.record(text, z.string()).default({}).describe('dataflow: labels of the jobs, by name'),
  update: z.boolean().default(false).describe('dataflow: replace the running job of the same name'),
  templateLocation: path.optional().describe('dataflow: write the job there instead of running it'),
  options: z
    .record(text, z.union([scalar, z.array(scalar)]))
    .default({})
    .describe('Further pipeline options, given to the runner as they are'),
});

export type RunnerConfig = z.infer<typeof runnerSchema>;

/** Where the workers of a runner come from: as configured, or as its default is. The direct runner has none. */
export function environmentOf({ name, environment }: RunnerConfig): EnvironmentName {
  return environment ?? (name === 'dataflow' ? 'docker' : 'external');
}
