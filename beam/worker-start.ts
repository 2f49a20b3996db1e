import './sdk.js';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { ProvisionInfo } from 'apache-beam/proto/beam_provision_api';
import { ProvisionServiceClient } from 'apache-beam/proto/beam_provision_api.grpc-client';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import { channelCredentials, channelOptions, workerMetadata } from './grpc.js';

/** How long the runner may take to answer at the start. */
const PROVISION_MS = 120_000;

/** All that a worker needs to start. */
export interface WorkerSetup {
  readonly id: string;
  readonly controlUrl: string;
  readonly loggingUrl?: string;
  /** Modules to import first. */
  readonly modules: readonly string[];
  /** Ids of further workers that the runner wants on this machine. */
  readonly siblingIds: readonly string[];
}

const FLAGS = [
  'id',
  'provision_endpoint',
  'control_endpoint',
  'logging_endpoint',
  'artifact_endpoint',
  'semi_persist_dir',
  'status_endpoint',
  'options',
] as const;

type Flags = Partial<Record<(typeof FLAGS)[number], string>>;

/**
 * The flags of the SDK container contract (https://s.apache.org/beam-fn-api-container-contract), `--name=value`; unknown ones
 * are let through. Prism's process environment leaves the quotes of a shell around its values.
 */
export function parseWorkerFlags(argv: readonly string[]): Flags {
  const options = Object.fromEntries(FLAGS.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ args: [...argv], strict: false, options });
  const flags: Flags = {};
  for (const name of FLAGS) {
    const value = values[name];
    if (typeof value === 'string') flags[name] = value.replace(/^'(.*)'$|^"(.*)"$/s, '$1$2');
  }
  return flags;
}

/** Reads the flags and asks the provision service, if there is one, for what they do not say. */
export async function setUpWorker(argv: readonly string[]): Promise<WorkerSetup> {
  const flags = parseWorkerFlags(argv);
  const { id } = flags;
  if (id === undefined || id === '') throw new Error('--id is required');
  const info = flags.provision_endpoint === undefined ? undefined : await provision(flags.provision_endpoint, id);
  const controlUrl = info?.controlEndpoint?.url || flags.control_endpoint;
  if (controlUrl === undefined) throw new Error('no control endpoint: give --provision_endpoint or --control_endpoint');
  const provisioned = info?.pipelineOptions ? Struct.toJson(info.pipelineOptions) : {};
  const options = [provisioned, JSON.parse(flags.options ?? '{}')] as Record<string, any>[];
  return {
    id,
    controlUrl,
    loggingUrl: info?.loggingEndpoint?.url || flags.logging_endpoint,
    modules: [...new Set(options.flatMap(modulesOf))],
    siblingIds: info?.siblingWorkerIds ?? [],
  };
}

/** Dataflow nests the options once more, and spells them without URN. */
function modulesOf(options: Record<string, any>): string[] {
  const named = options.options ?? options;
  return (
    named['beam:option:registered_node_modules:v1'] ??
    named.registered_node_modules ??
    named.registeredNodeModules ??
    []
  );
}

function provision(endpoint: string, id: string): Promise<ProvisionInfo> {
  const client = new ProvisionServiceClient(endpoint, channelCredentials, channelOptions, {});
  return new Promise<ProvisionInfo>((resolve, reject) => {
    const deadline = Date.now() + PROVISION_MS;
    client.getProvisionInfo({}, workerMetadata(id), { deadline }, (error, response) =>
      response?.info === undefined ? reject(error ?? new Error('empty provision info')) : resolve(response.info),
    );
  }).finally(() => client.close());
}

/** Imports a registered module. Throws an error that names it. */
export async function importModule(specifier: string): Promise<void> {
  // In this process already; its file may be another one where the package is not installed under its name.
  if (/^(apache-beam|m4-balance\/beam)(\/|$)/.test(specifier)) return;
  try {
    await import(isAbsolute(specifier) ? pathToFileURL(specifier).href : specifier);
  } catch (cause) {
    throw new Error(`cannot import the registered module "${specifier}": ${(cause as Error).message}`, { cause });
  }
}
