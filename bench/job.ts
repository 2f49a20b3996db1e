/** job: one tagging pass over rows of captions, whole processes: ours in Beam and without, Polars, DuckDB. balance: our whole command against it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { captionConfig, KEPT } from './caption-config.js';
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import type { Contestant } from './contestant.js';
import { type Entry, medianOf, type Outcome, speedRatio, summary } from './figures.js';
import { cacheFolder, type Options } from './options.js';
import { exportTerms } from './terms.js';
import { BUNDLED, nodeCommand, ownCommand, pythonCommand, wholeProcess, withPackages } from './whole-process.js';

const BALANCE_GOAL = 0.5;

/** A few of the counts that a tagging pass printed, and a digest of all. */
function countFigures(rows: number, stdout: string): Record<string, number | string> {
  const counts = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 8);
  const { kept, female, male } = counts;
  return { kept: kept!, female: female!, male: male!, counts: sorted.length, digest, of: rows };
}

function oursPass(options: Options, input: string, how: 'beam' | 'loop'): Contestant {
  const folder = cacheFolder(options, `job-${how}`);
  return wholeProcess({
    name: how === 'beam' ? 'm4-balance, in Beam' : 'm4-balance, no Beam',
    command: nodeCommand(join(BUNDLED, 'tag-job.js'), input, folder, how),
    folder,
    figures: (stdout) => countFigures(options.rows, stdout),
  });
}

function peerPass(options: Options, input: string, engine: 'polars' | 'duckdb') {
  const folder = cacheFolder(options, `job-${engine}`);
  const terms = join(folder, 'terms.json');
  exportTerms(terms, ['gender', 'occupations']);
  const output = join(folder, 'tagged.parquet');
  const contestant = wholeProcess({
    name: engine === 'polars' ? 'Polars' : 'DuckDB',
    command: pythonCommand('caption_job.py', engine, input, output, terms, JSON.stringify(KEPT)),
    folder,
    figures: (stdout) => countFigures(options.rows, stdout),
  });
  return withPackages(contestant, engine);
}

/** The whole command, both passes with the exact fit. */
export function balanceCommand(options: Options, input: string, name: string): Contestant {
  return ownCommand('balance', cacheFolder(options, name), (output) => captionConfig(input, output));
}

export async function job(options: Options): Promise<Outcome> {
  const input = await captionRows(options, options.rows);
  const { entries, absent } = await contest(
    [
      async () => oursPass(options, input, 'beam'),
      async () => oursPass(options, input, 'loop'),
      () => peerPass(options, input, 'polars'),
      () => peerPass(options, input, 'duckdb'),
    ],
    options.runs,
  );
  const [beam, loop, ...peers] = entries;
  const digests = new Set(entries.map((entry) => summary(entry).digest));
  const differ =
    'COUNTS DIFFER: the digests are of the number of rows kept, and of each attribute and label among them.';
  return {
    title: `${options.rows} rows: read, filter, tag, count, write; whole processes`,
    entries,
    ratios: [
      ...peers.map((peer) => speedRatio(beam!, peer, peer.name === 'Polars' ? 1 : undefined)),
      { what: "Beam's share of the time", value: shareOver(beam!, loop!), most: 0.05 },
    ],
    notes: [...absent, digests.size === 1 ? 'All counts agree.' : differ],
  };
}

function shareOver(more: Entry, less: Entry): number {
  return 1 - medianOf(less, 'seconds') / medianOf(more, 'seconds');
}

export async function balance(options: Options): Promise<Outcome> {
  const input = await captionRows(options, options.rows);
  const { entries, absent } = await contest(
    [
      async () => balanceCommand(options, input, 'balance'),
      async () => oursPass(options, input, 'beam'),
      () => peerPass(options, input, 'polars'),
    ],
    options.runs,
  );
  const [both, ...ones] = entries;
  return {
    title: `${options.rows} rows: both passes with the exact fit, against one tagging pass; whole processes`,
    entries,
    ratios: ones.map((one) => speedRatio(both!, one, BALANCE_GOAL)),
    notes: absent,
  };
}
