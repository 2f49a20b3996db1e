/**
 * runners: the whole command on real runners against the direct one, and the tagging pass in Python Beam on the same Prism. Each is
 * timed on all rows and on a few; the difference is the work, without what it takes to start.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captionConfig, KEPT } from './caption-config.js';
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import type { Absent, Contestant } from './contestant.js';
import { type Entry, medianOf, type Outcome, type Ratio } from './figures.js';
import { COMPILED } from './one-core.js';
import { cacheFolder, type Options } from './options.js';
import { exportTerms } from './terms.js';
import { nodeCommand, pythonCommand, wholeProcess, withPackages } from './whole-process.js';

/** Rows of a run that does next to nothing but start. */
const FEW_ROWS = 1000;
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

interface Place {
  readonly name: string;
  readonly flags: readonly string[];
  /** Why it cannot be measured. */
  readonly absent?: string | undefined;
}

function ours(options: Options, input: string, rows: string, { name, flags, absent }: Place): Contestant | Absent {
  const title = `${name}, ${rows} rows`;
  if (absent !== undefined) return { name: title, absent };
  const folder = cacheFolder(options, `runners-${title.replaceAll(/\W+/g, '-')}`);
  const output = join(folder, 'out');
  const config = join(folder, 'config.yaml');
  // YAML holds JSON.
  writeFileSync(config, JSON.stringify(captionConfig(input, output)));
  return wholeProcess({
    name: title,
    command: nodeCommand(join(COMPILED, '..', 'bin', 'm4-balance.js'), 'balance', config, '--json', ...flags),
    folder,
    prepare: () => {
      for (const left of [output, `${output}.partial`]) rmSync(left, { recursive: true, force: true });
    },
  });
}

function python(options: Options, input: string, rows: string, prism: Server): Promise<Contestant | Absent> {
  const name = `Python Beam on Prism, one pass, ${rows} rows`;
  if (prism.absent !== undefined) return Promise.resolve({ name, absent: prism.absent });
  const folder = cacheFolder(options, `runners-python-${rows}`);
  const terms = join(folder, 'terms.json');
  exportTerms(terms, ['gender', 'occupations']);
  const output = join(folder, 'tagged.parquet');
  const command = pythonCommand('beam_job.py', prism.endpoint, input, output, terms, JSON.stringify(KEPT));
  return withPackages(wholeProcess({ name, command, folder }), 'apache_beam', 'pyarrow');
}

/** Seconds of the rows beyond the few. */
function work(entries: readonly Entry[], name: string): number | undefined {
  const of = (rows: string) => entries.find((entry) => entry.name === `${name}, ${rows} rows`);
  const [all, few] = [of('all'), of('few')];
  return all && few && medianOf(all, 'seconds') - medianOf(few, 'seconds');
}

export async function runners(options: Options): Promise<Outcome> {
  const inputs = { all: await captionRows(options, options.rows), few: await captionRows(options, FEW_ROWS) };
  const prism = await start('prism');
  const flink = await start('flink');
  try {
    const at = ({ endpoint }: Server) => ['--endpoint', endpoint, '--environment', 'process'];
    const places: readonly Place[] = [
      { name: 'direct', flags: [] },
      { name: 'Prism', flags: ['--runner', 'prism', ...at(prism)], absent: prism.absent },
      {
        name: 'Flink, 1 worker',
        flags: ['--runner', 'flink', ...at(flink), '--parallelism', '1'],
        absent: flink.absent,
      },
      {
        name: 'Flink, 2 workers',
        flags: ['--runner', 'flink', ...at(flink), '--parallelism', '2'],
        absent: flink.absent,
      },
    ];
    const starts = Object.entries(inputs).flatMap(([rows, input]) => [
      ...places.map((place) => async () => ours(options, input, rows, place)),
      () => python(options, input, rows, prism),
    ]);
    const { entries, absent } = await contest(starts, options.runs);
    const ratio = (what: string, over: string, under: string, goal: Omit<Ratio, 'what' | 'value'>): Ratio[] => {
      const [a, b] = [work(entries, over), work(entries, under)];
      return a === undefined || b === undefined ? [] : [{ what, value: a / b, ...goal }];
    };
    const most = { most: MOST_OVERHEAD };
    return {
      title: `${options.rows} rows: balance on real runners; ratios without the time of ${FEW_ROWS} rows`,
      entries,
      ratios: [
        ...ratio('time, Prism / direct', 'Prism', 'direct', most),
        ...ratio('time, Flink with 2 workers / direct', 'Flink, 2 workers', 'direct', most),
        ...ratio('time, 1 worker / 2 on Flink', 'Flink, 1 worker', 'Flink, 2 workers', { least: TWO_WORKERS_GOAL }),
        ...ratio('time, Python Beam (one pass) / ours (both) on Prism', 'Python Beam on Prism, one pass', 'Prism', {
          least: PYTHON_GOAL,
        }),
      ],
      notes: absent,
    };
  } finally {
    for (const server of [prism, flink]) if (server.absent === undefined) await server.stop();
  }
}
