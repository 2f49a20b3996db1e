/** stats: the table of RB and AB of 2 attributes and 100 labels, from one Parquet file, against Polars and DuckDB; and many labels. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { PEERS, PYTHON } from './one-core.js';
import { cacheFolder, type Options } from './options.js';

type Form = 'list' | 'wide';

const WHAT: Readonly<Record<Form, string>> = {
  list: 'labels as lists of strings',
  wide: 'labels as 100 boolean columns',
};

/** The least speed that is asked for, ours over the peer's. */
const GOALS: Readonly<Record<string, number>> = { Polars: 1, DuckDB: 1 / 3 };

/** The file of one form; both are made at once. */
function tableFile(options: Options, form: Form): string {
  const folder = cacheFolder(options, 'stats');
  const fileOf = (name: Form) => join(folder, `${name}-${options.rows}.parquet`);
  if (!existsSync(fileOf(form))) {
    const args = ['make', fileOf('list'), fileOf('wide'), String(options.rows)];
    execFileSync(PYTHON, [join(PEERS, 'stats_table.py'), ...args]);
  }
  return fileOf(form);
}

async function statsOf(options: Options, form: Form): Promise<Outcome> {
  const file = tableFile(options, form);
  const suffix = form === 'wide' ? '-wide' : '';
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance stats', 'stats-table.js', form, file),
      () => startPython('Polars', 'stats_table.py', `polars${suffix}`, file),
      () => startPython('DuckDB', 'stats_table.py', `duckdb${suffix}`, file),
    ],
    options.runs,
    3,
  );
  const title = `RB and AB of 2 attributes and 100 labels from Parquet, ${options.rows} rows, ${WHAT[form]}`;
  const [ours, ...peers] = entries;
  const differing = peers.filter((peer) => ['RB', 'AB'].some((name) => medianOf(ours!, name) !== medianOf(peer, name)));
  const check =
    differing.length === 0 ? 'RB and AB agree.' : `RB OR AB DIFFER: ${differing.map(({ name }) => name).join(', ')}.`;
  const ratios = peers.flatMap((peer) => [
    speedRatio(ours!, peer, GOALS[peer.name]),
    {
      what: `until rows are counted, ours / ${peer.name}, which writes no report`,
      value: medianOf(peer, 'seconds') / medianOf(ours!, 'counted_seconds'),
    },
  ]);
  return { title, entries, ratios, notes: [check, ...absent] };
}

export const statsList = (options: Options) => statsOf(options, 'list');
export const statsWide = (options: Options) => statsOf(options, 'wide');
