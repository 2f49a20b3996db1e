/** A job as a person reads it before it is submitted: its steps, its workers' environment and the runner's options. */
import './sdk.js';
import type { Environment as EnvironmentProto, PTransform } from 'apache-beam/proto/beam_runner_api';
import { DockerPayload, ExternalPayload, ParDoPayload, ProcessPayload } from 'apache-beam/proto/beam_runner_api';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import type { Root } from 'apache-beam/pvalue';
import { decodeDoFn } from './dofn.js';
import { type JobSpec, type JsonValue, jobRequest } from './job-request.js';
import { DOFN_URN, PAR_DO_URN } from './urns.js';

export interface GraphStep {
  /** With those of the composites that it is in, as the runner shows it. */
  readonly name: string;
  readonly urn: string;
  /** Id of the DoFn, of a ParDo. */
  readonly doFn?: string;
  /** Steps whose outputs it reads, side inputs apart. */
  readonly after: readonly string[];
  /** Step that makes a side input, by the side input's name. */
  readonly sideInputs: Readonly<Record<string, string>>;
  /** User state, by name. */
  readonly state: Readonly<Record<string, 'value' | 'bag'>>;
}

export interface GraphEnvironment {
  readonly urn: string;
  /** Image, command or address of a worker pool. */
  readonly workers: string;
  readonly capabilities: readonly string[];
  /** Artifacts that a worker would have to install. */
  readonly dependencies: number;
}

export interface JobDescription {
  readonly jobName: string;
  readonly steps: readonly GraphStep[];
  readonly requirements: readonly string[];
  readonly environments: readonly GraphEnvironment[];
  /** By their names in the request, without `beam:option:` and version. */
  readonly options: Readonly<Record<string, JsonValue>>;
}

/** Describes the very request that `submitJob` would send. Needs no network. */
export function describeJob(build: (root: Root) => void, spec: JobSpec): JobDescription {
  const { pipeline, jobName, pipelineOptions } = jobRequest(build, spec);
  const { transforms, environments } = pipeline.components!;
  const primitives = Object.values(transforms).filter((t) => t.subtransforms.length === 0);
  const producers = new Map(
    primitives.flatMap((t) => Object.values(t.outputs).map((id) => [id, t.uniqueName] as const)),
  );
  return {
    jobName,
    steps: primitives.map((transform) => describeStep(transform, producers)),
    requirements: pipeline.requirements,
    environments: Object.values(environments).map(describeEnvironment),
    options: Object.fromEntries(
      Object.entries(Struct.toJson(pipelineOptions) as Record<string, JsonValue>).map(([urn, value]) => [
        urn.replace(/^beam:option:(.*):v1$/, '$1'),
        value,
      ]),
    ),
  };
}

function describeStep({ uniqueName, spec, inputs }: PTransform, producers: ReadonlyMap<string, string>): GraphStep {
  const urn = spec?.urn ?? '';
  const payload = urn === PAR_DO_URN ? ParDoPayload.fromBinary(spec!.payload) : undefined;
  const isSide = (tag: string) => Object.hasOwn(payload?.sideInputs ?? {}, tag);
  const producer = (id: string) => producers.get(id) ?? id;
  const entries = Object.entries(inputs);
  const doFn = payload?.doFn?.urn === DOFN_URN ? { doFn: decodeDoFn(payload.doFn.payload).ref.id } : {};
  return {
    name: uniqueName,
    urn,
    ...doFn,
    after: entries.filter(([tag]) => !isSide(tag)).map(([, id]) => producer(id)),
    sideInputs: Object.fromEntries(
      entries.filter(([tag]) => isSide(tag)).map(([tag, id]) => [tag.replace(/^side\./, ''), producer(id)]),
    ),
    state: Object.fromEntries(
      Object.entries(payload?.stateSpecs ?? {}).map(([name, state]) => [
        name,
        state.spec.oneofKind === 'bagSpec' ? 'bag' : 'value',
      ]),
    ),
  };
}

function describeEnvironment({ urn, payload, capabilities, dependencies }: EnvironmentProto): GraphEnvironment {
  return { urn, workers: workersOf(urn, payload), capabilities, dependencies: dependencies.length };
}

function workersOf(urn: string, payload: Uint8Array): string {
  if (urn === 'beam:env:docker:v1') return DockerPayload.fromBinary(payload).containerImage;
  if (urn === 'beam:env:process:v1') return ProcessPayload.fromBinary(payload).command;
  return ExternalPayload.fromBinary(payload).endpoint?.url ?? '';
}
