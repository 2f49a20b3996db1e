/** The real Dataflow job service, with every way out of this machine closed. */
import { join } from 'node:path';
import { type DataflowService, startDataflowService } from '../../beam/runners/dataflow-service.js';

/** A proxy where nothing listens; no metadata server; no credentials of this machine's user. */
export function closedEnvironment(home: string): NodeJS.ProcessEnv {
  const dead = 'http://127.0.0.1:9';
  const proxies = ['http_proxy', 'https_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  return {
    PATH: process.env.PATH,
    HOME: home,
    ...Object.fromEntries(proxies.map((name) => [name, dead])),
    no_proxy: 'localhost,127.0.0.1',
    NO_GCE_CHECK: 'true',
    CLOUDSDK_CONFIG: join(home, 'no-gcloud'),
  };
}

export function startClosedService(home: string, env: NodeJS.ProcessEnv = {}): Promise<DataflowService> {
  return startDataflowService({ env: { ...closedEnvironment(home), ...env } });
}
