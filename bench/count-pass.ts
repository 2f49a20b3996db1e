/**
 * The tagging pass alone, as a whole process: read, filter, tag and count on a runner. Arguments: INPUT FOLDER RUNNER, the last as JSON, the
 * configuration's section. Prints the rows that were read.
 */
import { join } from 'node:path';
import '../pipelines/index.js';
import { beginAttempt } from '../pipelines/attempt.js';
import { countPhase } from '../pipelines/passes.js';
import { runPhase } from '../pipelines/phase.js';
import { partialOf, prepareJob } from '../pipelines/prepare.js';
import { openRunner } from '../pipelines/runner.js';
import { runnerSchema } from '../schemas/runner.js';
import { storageFor } from '../storage/index.js';
import { captionConfig } from './caption-config.js';

const [input, folder, section] = process.argv.slice(2) as [string, string, string];
const directory = join(folder, 'counted');
const partial = partialOf(directory);
const job = await prepareJob(captionConfig(input, directory));
const staging = await beginAttempt(partial, job);
const runner = await openRunner(runnerSchema.parse(JSON.parse(section)));
let rows = 0;
try {
  const hooks = {
    onProgress: (progress: { readonly rows: number }) => {
      rows = progress.rows;
    },
  };
  await runPhase({ job, partial, staging, runner, hooks }, countPhase(staging, job));
} finally {
  await runner.close();
}
await storageFor(partial).remove(partial);
console.log(JSON.stringify({ rows }));
