/**
 * workers: the tagging pass on Flink with one worker on one core against two on both, at 16 times `--rows`: a worker's start and the
 * first second of its compiler weigh as much as some millions of rows.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_ENTRY } from '../beam/worker-entry-path.js';
import { contest } from './contest.js';
import type { Outcome } from './figures.js';
import { countPass, FEW_ROWS, rowRatio, startServer, startsOf } from './on-runners.js';
import { onOneCore, PINNING } from './one-core.js';
import { cacheFolder, type Options } from './options.js';

const TIMES = 16;
const TWO_WORKERS_GOAL = 1.6;

/** A worker that has one core, and so decodes Parquet on the thread that tags. */
function workerOnOneCore(options: Options): string {
  const script = join(cacheFolder(options, 'runners'), 'worker-on-one-core');
  writeFileSync(script, `#!/bin/sh\nexec ${onOneCore([process.execPath, WORKER_ENTRY], 'first').join(' ')} "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

export async function workers(given: Options): Promise<Outcome> {
  const options = { ...given, rows: TIMES * given.rows };
  const flink = await startServer('flink');
  try {
    const flinkWith = (parallelism: number) => ({ name: 'flink', parallelism, environment: 'process' });
    const one = countPass(options, 'Flink, tagging pass, 1 worker on 1 core', flink, {
      ...flinkWith(1),
      workerCommand: workerOnOneCore(options),
    });
    const two = countPass(options, 'Flink, tagging pass, 2 workers', flink, flinkWith(2));
    const { entries, absent } = await contest(startsOf(options, [one, two]), options.runs, 0);
    return {
      title: `${options.rows} rows: the tagging pass on Flink; the ratio is of the time of a row, without that of ${FEW_ROWS} rows`,
      entries,
      ratios: rowRatio(entries, 'time, 1 worker / 2', [one, two], { least: TWO_WORKERS_GOAL }),
      notes: [`${PINNING}: of the commands; servers and 2 workers have every core`, ...absent],
    };
  } finally {
    if (flink.absent === undefined) await flink.stop();
  }
}
