/**
 * runners: the whole command on real runners against the direct one; the tagging pass on Flink with one worker on one core against two
 * on both; and that pass in Python Beam on the same Prism. Each is timed on its rows and on a few; the difference is the work, without
 * what it takes to start.
 */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_ENTRY } from '../beam/worker-entry-path.js';
import { captionConfig, KEPT } from './caption-config.js';
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import { type Absent, type Contestant, isAbsent } from './contestant.js';
import { type Entry, medianOf, type Outcome, type Ratio } from './figures.js';
import { COMPILED, type Command, onOneCore, PINNING } from './one-core.js';
import { cacheFolder, type Options } from './options.js';
import { exportTerms } from './terms.js';
import { nodeCommand, pythonCommand, wholeProcess, withPackages } from './whole-process.js';

/** Rows of a run that does next to nothing but start. */
const FEW_ROWS = 1000;
/** Rows for Python, at most: it takes minutes for a million. */
const PYTHON_ROWS = 100_000;
/** Runs on few rows before anything is counted: a Java server is slow at first, and each phase is a job. */
const WARM_UPS = 3;
/** Issue 4's: a runner may cost this many times what the direct one does. */
const MOST_OVERHEAD = 1.5;
const PYTHON_GOAL = 5;
const TWO_WORKERS_GOAL = 1.6;

interface Server {
  readonly absent?: string;
  readonly endpoint: string;
  stop(): Promise<void>;
}

const start = async (name: 'prism' | 'flink'): Promise<Server> => {
  const module = await import(new URL(`../../scripts/runners/start-${name}.mjs`, import.meta.url).href);
  return name === 'prism' ? module.startPrism() : module.startFlink();
};

/** What is run on an input: `command` is given that and a folder to write to. */
interface Work {
  readonly name: string;
  /** Beside the few. */
  readonly rows: number;
  /** Why it cannot be measured. */
  readonly absent?: string | undefined;
  command(input: string, folder: string): Command;
  readonly packages?: readonly string[];
}

const titleOf = ({ name }: Work, rows: number) => `${name}, ${rows} rows`;

async function contestantOf(options: Options, work: Work, rows: number): Promise<Contestant | Absent> {
  const name = titleOf(work, rows);
  if (work.absent !== undefined) return { name, absent: work.absent };
  const folder = cacheFolder(options, `runners-${name.replaceAll(/\W+/g, '-')}`);
  const command = work.command(await captionRows(options, rows), folder);
  const prepare = () => {
    for (const left of ['out', 'out.partial']) rmSync(join(folder, left), { recursive: true, force: true });
  };
  const contestant = wholeProcess({ name, command, folder, prepare });
  return work.packages === undefined ? contestant : withPackages(contestant, ...work.packages);
}

async function warmed(contestant: Contestant | Absent): Promise<Contestant | Absent> {
  if (!isAbsent(contestant)) for (let run = 0; run < WARM_UPS; run++) await contestant.run();
  return contestant;
}

/** The command, both passes. */
function balance(options: Options, name: string, server: Server | undefined, section: object): Work {
  return {
    name,
    rows: options.rows,
    absent: server?.absent,
    command(input, folder) {
      const config = join(folder, 'config.yaml');
      const runner = { ...section, ...(server && { endpoint: server.endpoint }) };
      // YAML holds JSON.
      writeFileSync(config, JSON.stringify({ ...captionConfig(input, join(folder, 'out')), runner }));
      return nodeCommand(join(COMPILED, '..', 'bin', 'm4-balance.js'), 'balance', config, '--json');
    },
  };
}

/** The first pass. */
function countPass(options: Options, name: string, server: Server, section: object): Work {
  return {
    name,
    rows: options.rows,
    absent: server.absent,
    command(input, folder) {
      const runner = JSON.stringify({ ...section, endpoint: server.endpoint });
      return nodeCommand(join(COMPILED, 'count-pass.js'), input, join(folder, 'out'), runner);
    },
  };
}

/** A worker that has one core, and so decodes Parquet on the thread that tags. */
function workerOnOneCore(options: Options): string {
  const script = join(cacheFolder(options, 'runners'), 'worker-on-one-core');
  writeFileSync(script, `#!/bin/sh\nexec ${onOneCore([process.execPath, WORKER_ENTRY], 'first').join(' ')} "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

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

/** Microseconds of a row beyond the few. */
function rowTime(entries: readonly Entry[], work: Work): number | undefined {
  const of = (rows: number) => entries.find(({ name }) => name === titleOf(work, rows));
  const [all, few] = [of(work.rows), of(FEW_ROWS)];
  if (all === undefined || few === undefined) return undefined;
  return ((medianOf(all, 'seconds') - medianOf(few, 'seconds')) / (work.rows - FEW_ROWS)) * 1e6;
}

export async function runners(options: Options): Promise<Outcome> {
  const prism = await start('prism');
  const flink = await start('flink');
  try {
    const process = { environment: 'process' };
    const direct = balance(options, 'direct', undefined, {});
    const onPrism = balance(options, 'Prism', prism, { name: 'prism', ...process });
    const onFlink = balance(options, 'Flink, 2 workers', flink, { name: 'flink', parallelism: 2, ...process });
    const one = countPass(options, 'Flink, tagging pass, 1 worker on 1 core', flink, {
      ...{ name: 'flink', parallelism: 1, ...process },
      workerCommand: workerOnOneCore(options),
    });
    const two = countPass(options, 'Flink, tagging pass, 2 workers', flink, {
      ...{ name: 'flink', parallelism: 2, ...process },
    });
    const inPython = python(options, prism);
    const works = [direct, onPrism, onFlink, one, two, inPython];
    const starts = works.flatMap((work) => [
      async () => warmed(await contestantOf(options, work, FEW_ROWS)),
      () => contestantOf(options, work, work.rows),
    ]);
    const { entries, absent } = await contest(starts, options.runs, 0);
    const ratio = (what: string, over: Work, under: Work, goal: Omit<Ratio, 'what' | 'value'>): Ratio[] => {
      const [a, b] = [rowTime(entries, over), rowTime(entries, under)];
      return a === undefined || b === undefined ? [] : [{ what, value: a / b, ...goal }];
    };
    const most = { most: MOST_OVERHEAD };
    return {
      title: `${options.rows} rows: balance on real runners; ratios are of the time of a row, without that of ${FEW_ROWS} rows`,
      entries,
      ratios: [
        ...ratio('time, Prism / direct', onPrism, direct, most),
        ...ratio('time, Flink with 2 workers / direct', onFlink, direct, most),
        ...ratio('time, tagging pass, 1 worker / 2 on Flink', one, two, { least: TWO_WORKERS_GOAL }),
        ...ratio('time, Python Beam (one pass) / ours (both) on Prism', inPython, onPrism, { least: PYTHON_GOAL }),
      ],
      notes: [`${PINNING}: of the commands; servers and 2 workers have every core`, ...absent],
    };
  } finally {
    for (const server of [prism, flink]) if (server.absent === undefined) await server.stop();
  }
}
