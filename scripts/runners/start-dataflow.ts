/** Starts the job service that submits to Dataflow, and prints its endpoint for `runner.endpoint`. Ctrl-C ends it. */
import { startDataflowService } from '../../beam/runners/dataflow-service.js';

const { endpoint, close } = await startDataflowService();
console.log(endpoint);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void close().then(() => process.exit()));
