/** A process for the tests of signals: the command line with a job that ends only when it is told to stop. */
import { runCommandLine } from '../../cli/command-line.js';
import { fakeJob } from './fake-job.js';

/** Milliseconds that the clean stop takes. */
const STOPPING = Number(process.env.STOPPING ?? '0');

process.exitCode = await runCommandLine(process.argv.slice(2), process, async () => ({
  ...fakeJob(),
  runBalance(_config, hooks) {
    process.stderr.write('started\n');
    const alive = setInterval(() => {}, 1000);
    return new Promise((_resolve, reject) => {
      hooks?.signal?.addEventListener('abort', () => {
        setTimeout(() => {
          clearInterval(alive);
          reject(new Error('aborted'));
        }, STOPPING);
      });
    });
  },
}));
