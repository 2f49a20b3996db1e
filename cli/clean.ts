/** `m4-balance clean`: what dead runs have left beside an output, listed, and removed when told to. */
import { EXIT } from './exit-codes.js';
import type { Job } from './job.js';
import { printJson, printLine, type Terminal } from './terminal.js';

export interface CleanOptions {
  readonly remove: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

const MEBIBYTE = 2 ** 20;

/** The process's exit code. */
export async function clean(output: string, options: CleanOptions, job: Job, { stdout }: Terminal): Promise<number> {
  const { remove, force, json } = options;
  const found = remove ? await job.removeLeftovers(output, force) : await job.findLeftovers(output);
  const { directory, leftovers, owner } = found;
  if (json) {
    printJson(stdout, { event: 'leftovers', removed: remove, ...found });
    return EXIT.done;
  }
  if (leftovers.length === 0) {
    printLine(stdout, `${directory}: nothing is left of other runs`);
    return EXIT.done;
  }
  for (const { path, what, files, bytes } of leftovers) {
    printLine(stdout, `${path}: ${what}, ${files} files, ${(bytes / MEBIBYTE).toFixed(1)} MiB`);
  }
  if (owner !== undefined) {
    const states = {
      alive: 'is at work: nothing will be removed',
      here: 'is this one',
      dead: 'has ended',
      elsewhere: 'may be at work or not: it cannot be seen from this machine',
    };
    printLine(stdout, `process ${owner.pid} of ${owner.host} ${states[owner.state]}`);
  }
  printLine(
    stdout,
    remove ? 'removed' : 'clean --remove removes it; the same balance command would go on with an unfinished run',
  );
  return EXIT.done;
}
