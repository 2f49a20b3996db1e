/** The project's own scripts that start real runners, typed. */
import { fileURLToPath } from 'node:url';

/** A runner that could not be had, and why. */
export interface Absent {
  readonly absent: string;
}

export interface Started {
  readonly absent?: undefined;
  /** `host:port` of its job service. */
  readonly endpoint: string;
  readonly pid: number;
  /** File or folder of its output. */
  readonly log: string;
  /** Ends it and everything that it started. */
  stop(): Promise<void>;
}

export interface StartedFlink extends Started {
  readonly taskManagerPids: readonly number[];
  readonly restPort: number;
}

const scripts = new URL('../../../scripts/runners/', import.meta.url);
const load = (name: string) => import(new URL(name, scripts).href);

export async function startPrism(): Promise<Started | Absent> {
  return (await load('start-prism.mjs')).startPrism();
}

/** The binary of Prism, undefined where there is none. */
export async function findPrism(): Promise<string | undefined> {
  return (await load('install-prism.mjs')).findPrism();
}

export async function startPythonRunner(): Promise<Started | Absent> {
  return (await load('start-python.mjs')).startPythonRunner();
}

/** Flink in one process, or with `taskManagers` of `slots` slots each; a job's tasks are started again `restarts` times. */
export async function startFlink(
  options: { taskManagers?: number; slots?: number; restarts?: number } = {},
): Promise<StartedFlink | Absent> {
  return (await load('start-flink.mjs')).startFlink(options);
}

/** The binary of fake-gcs-server, undefined where there is none. */
export async function findGcs(): Promise<string | undefined> {
  return (await load('install-gcs.mjs')).findGcs();
}

/** fake-gcs-server with empty buckets of these names. */
export async function startGcs(buckets: readonly string[]): Promise<Started | Absent> {
  return (await load('start-gcs.mjs')).startGcs({ buckets });
}

/** A Python that has the programs that open what we write, undefined where there is none. */
export async function findReaders(): Promise<string | undefined> {
  return (await load('install-readers.mjs')).findReaders();
}

/**
 * What checks the files of scripts/schedule: actionlint, a Python with Airflow, kubernetes-validate and python-hcl2, and the folder of declarations of
 * Terraform's resources.
 */
export async function findScheduleCheckers(): Promise<Record<'actionlint' | 'python' | 'types', string | undefined>> {
  const { findActionlint, findSchedulesPython, findProviderTypes } = await load('install-schedules.mjs');
  return { actionlint: findActionlint(), python: findSchedulesPython(), types: findProviderTypes() };
}

export interface StartedBigQuery extends Started {
  /** `host:port` of its Storage Read interface; `endpoint` is the URL of its REST interface. */
  readonly readEndpoint: string;
  readonly project: string;
}

export async function startBigQuery(): Promise<StartedBigQuery | Absent> {
  return (await load('start-bigquery.mjs')).startBigQuery();
}

/** The entry point of a worker process. */
export const workerEntry = fileURLToPath(new URL('../../beam/worker-entry.js', import.meta.url));
