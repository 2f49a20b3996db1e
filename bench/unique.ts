/** unique: captions that came before, exactly, of rows in memory of which half are there twice, against Polars and DuckDB. */
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import type { Options } from './options.js';

export async function unique(options: Options): Promise<Outcome> {
  const file = await captionRows(options, Math.ceil(options.rows / 2));
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance', 'unique-captions.js', file),
      () => startPython('Polars', 'unique_captions.py', 'polars', file),
      () => startPython('DuckDB', 'unique_captions.py', 'duckdb', file),
    ],
    options.runs,
  );
  const [ours, ...peers] = entries;
  const differing = peers.filter((peer) => medianOf(peer, 'found') !== medianOf(ours!, 'found'));
  const check =
    differing.length === 0 ? 'All find as many.' : `COUNTS DIFFER: ${differing.map(({ name }) => name).join(', ')}.`;
  return {
    title: `exact duplicates of ${options.rows} captions in memory, half of them twice`,
    entries,
    ratios: peers.map((peer) => speedRatio(ours!, peer)),
    notes: [check, ...absent],
  };
}
