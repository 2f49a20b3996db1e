/**
 * runners: the whole command on real runners against the direct one, and the tagging pass in Python Beam on the same Prism. Each is timed
 * on its rows and on a few; the difference is the work, without what it takes to start.
 */
import { join } from 'node:path';
import { KEPT } from './caption-config.js';
import { contest } from './contest.js';
import type { Outcome } from './figures.js';
import { balance, FEW_ROWS, rowRatio, type Server, startServer, startsOf, type Work } from './on-runners.js';
import { PINNING } from './one-core.js';
import type { Options } from './options.js';
import { exportTerms } from './terms.js';
import { pythonCommand } from './whole-process.js';

/** Rows for Python, at most: it takes minutes for a million. */
const PYTHON_ROWS = 100_000;
/** Issue 4's: a runner may cost this many times what the direct one does. */
const MOST_OVERHEAD = 1.5;
const PYTHON_GOAL = 5;

function python(options: Options, prism: Server): Work {
  return {
    name: 'Python Beam on Prism, tagging pass',
    rows: Math.min(PYTHON_ROWS, options.rows),
    absent: prism.absent,
    packages: ['apache_beam', 'pyarrow'],
    command(input, folder) {
      const terms = join(folder, 'terms.json');
      exportTerms(terms, ['gender', 'occupations']);
      const output = join(folder, 'tagged.parquet');
      return pythonCommand('beam_job.py', prism.endpoint, input, output, terms, JSON.stringify(KEPT));
    },
  };
}

export async function runners(options: Options): Promise<Outcome> {
  const prism = await startServer('prism');
  const flink = await startServer('flink');
  try {
    const process = { environment: 'process' };
    const direct = balance(options, 'direct', undefined, {});
    const onPrism = balance(options, 'Prism', prism, { name: 'prism', ...process });
    const onFlink = balance(options, 'Flink, 2 workers', flink, { name: 'flink', parallelism: 2, ...process });
    const inPython = python(options, prism);
    const { entries, absent } = await contest(startsOf(options, [direct, onPrism, onFlink, inPython]), options.runs, 0);
    const most = { most: MOST_OVERHEAD };
    const atLeast = { least: PYTHON_GOAL };
    return {
      title: `${options.rows} rows: balance on real runners; ratios are of the time of a row, without that of ${FEW_ROWS} rows`,
      entries,
      ratios: [
        ...rowRatio(entries, 'time, Prism / direct', [onPrism, direct], most),
        ...rowRatio(entries, 'time, Flink with 2 workers / direct', [onFlink, direct], most),
        ...rowRatio(entries, 'time, Python Beam (one pass) / ours (both) on Prism', [inPython, onPrism], atLeast),
      ],
      notes: [`${PINNING}: of the commands; servers and 2 workers have every core`, ...absent],
    };
  } finally {
    for (const server of [prism, flink]) if (server.absent === undefined) await server.stop();
  }
}
