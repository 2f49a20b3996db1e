import './sdk.js';
import { asDockerEnvironment, asExternalEnvironment } from 'apache-beam/internal/environments';
import { type Environment as EnvironmentProto, ProcessPayload } from 'apache-beam/proto/beam_runner_api';

/** Where a runner gets its workers from. */
export type WorkerEnvironment =
  /** An image with our code whose entry point is `worker-entry.js`. */
  | { readonly docker: string }
  /** A command on the runner's machines, called with the worker's flags: a script that runs `node worker-entry.js "$@"`. */
  | { readonly process: string; readonly env?: Readonly<Record<string, string>> }
  /** `host:port` of a worker pool, as `startWorkerPool` opens one. */
  | { readonly external: string };

/** The environment's proto. Without dependencies: the SDK's would be packed with npm and installed on each worker. */
export function environmentProto(base: EnvironmentProto, environment: WorkerEnvironment): EnvironmentProto {
  const bare = { ...base, dependencies: [] };
  if ('docker' in environment) return asDockerEnvironment(bare, environment.docker);
  if ('external' in environment) return asExternalEnvironment(bare, environment.external);
  const payload = ProcessPayload.create({ command: environment.process, env: { ...environment.env } });
  return { ...bare, urn: 'beam:env:process:v1', payload: ProcessPayload.toBinary(payload) };
}
