/** What Dataflow is told, in the words of the Python SDK's options (`apache_beam/options/pipeline_options.py`). */
import type { JsonValue } from '../job-request.js';

export interface DataflowOptions {
  readonly project: string;
  readonly region: string;
  /** `gs://bucket/folder`: temporary files of the service. */
  readonly tempLocation: string;
  /** Where the pipeline is staged; by default `tempLocation`. */
  readonly stagingLocation?: string;
  /** An image that the region can pull, made from our Dockerfile. */
  readonly image: string;
  /** Identity of the workers; by default the project's Compute Engine one. */
  readonly serviceAccount?: string;
  readonly network?: string;
  /** `regions/REGION/subnetworks/NAME`, or its URL. */
  readonly subnetwork?: string;
  readonly workers?: number;
  readonly maxWorkers?: number;
  readonly workerMachineType?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Replaces the running job of the same name; streaming jobs only. */
  readonly update?: boolean;
  /** Writes the job there as a template instead of running it. */
  readonly templateLocation?: string;
  /** Further options, by their Python names or in camelCase; they win. */
  readonly options?: Readonly<Record<string, JsonValue>>;
}

/** The options of one job, in camelCase, as `submitJob` takes them. */
export function dataflowPipelineOptions(options: DataflowOptions): Record<string, JsonValue> {
  const { labels = {}, image } = options;
  const given: Record<string, JsonValue | undefined> = {
    runner: 'DataflowRunner',
    project: options.project,
    region: options.region,
    tempLocation: options.tempLocation,
    stagingLocation: options.stagingLocation ?? options.tempLocation,
    sdkContainerImage: image,
    serviceAccountEmail: options.serviceAccount,
    network: options.network,
    subnetwork: options.subnetwork,
    numWorkers: options.workers,
    maxNumWorkers: options.maxWorkers,
    machineType: options.workerMachineType,
    labels:
      Object.keys(labels).length === 0 ? undefined : Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    update: options.update === true ? true : undefined,
    templateLocation: options.templateLocation,
    ...options.options,
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
