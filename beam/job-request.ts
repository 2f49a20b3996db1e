import './sdk.js';
import { TYPESCRIPT_DEFAULT_ENVIRONMENT_URN } from 'apache-beam/internal/environments';
import { Pipeline } from 'apache-beam/internal/pipeline';
import { Pipeline as PipelineProto } from 'apache-beam/proto/beam_runner_api';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import { Root } from 'apache-beam/pvalue';
import { environmentProto, type WorkerEnvironment } from './environment.js';
import { registeredModules } from './modules.js';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** What a job consists of, wherever it runs. */
export interface JobSpec {
  readonly jobName?: string;
  readonly environment: WorkerEnvironment;
  /** The runner's options, in camelCase (`parallelism`, `tempLocation`). */
  readonly pipelineOptions?: Readonly<Record<string, JsonValue>>;
}

/** What is sent to a job service to prepare a job. */
export interface JobRequest {
  readonly pipeline: PipelineProto;
  readonly jobName: string;
  readonly pipelineOptions: Struct;
}

/** Builds a pipeline into the request for it. */
export function jobRequest(build: (root: Root) => void, spec: JobSpec): JobRequest {
  const pipeline = new Pipeline();
  build(new Root(pipeline));
  return {
    pipeline: inEnvironment(pipeline.getProto(), spec.environment),
    jobName: spec.jobName ?? '',
    pipelineOptions: optionsStruct(spec),
  };
}

function inEnvironment(pipeline: PipelineProto, environment: WorkerEnvironment): PipelineProto {
  const proto = PipelineProto.clone(pipeline);
  const { environments } = proto.components!;
  for (const [id, base] of Object.entries(environments)) {
    if (base.urn === TYPESCRIPT_DEFAULT_ENVIRONMENT_URN) environments[id] = environmentProto(base, environment);
  }
  return proto;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function optionsStruct({ jobName, pipelineOptions }: JobSpec): Struct {
  const options = { ...pipelineOptions, ...(jobName && { jobName }), registeredNodeModules: registeredModules() };
  const urns = Object.entries(options).map(([name, value]) => [`beam:option:${snakeCase(name)}:v1`, value] as const);
  return Struct.fromJson(Object.fromEntries(urns));
}
