/** The shuffle of an output, after its rows were written where they could be held. */
import { groupByKey, impulse, reshuffle } from '../beam/index.js';
import { type Handed, handOver } from '../transforms/read/handed.js';
import type { Job } from '../transforms/read/job.js';
import { shardCount } from '../transforms/write/shards.js';
import {
  pieceCoder,
  pieces,
  requireAllRows,
  type ShuffleConfig,
  spillCoder,
  spills,
  writeShuffled,
} from '../transforms/write/shuffle.js';
import type { SpillFile } from '../transforms/write/spill.js';
import { mergeAllWritten, type UnitsConfig } from '../transforms/write/write.js';
import { decodeWritten, type Written } from '../transforms/write/written.js';
import type { RunContext } from './hooks.js';
import { type Phase, partialCoder, runPhase } from './phase.js';

/** Number of shards that rows are shuffled into; undefined where they stay in the order of the input. */
export function shuffledInto({ config }: Job, { rows, shardRows, keptShare }: UnitsConfig): number | undefined {
  const { shuffle, formats } = config.output;
  return shuffle === 'global' && formats.length > 0 ? shardCount(rows, shardRows, keptShare) : undefined;
}

/** @param rows that were spilled */
export function shufflePhase(
  { staging, hash }: ShuffleConfig,
  rows: number,
  files: Handed<readonly SpillFile[]>,
): Phase {
  return {
    name: `shuffled-${hash}`,
    title: 'shuffle',
    rows,
    build: (root) => {
      const all = impulse(root).parDo('shuffle: files', spills({ spills: files }), { coder: spillCoder });
      const located = reshuffle('shuffle: spread', all, spillCoder).parDo('shuffle: pieces', pieces(staging), {
        coder: pieceCoder,
      });
      return groupByKey('shuffle: by shard', located).parDo('shuffle', writeShuffled({ staging, hash }), {
        coder: partialCoder,
      });
    },
    reduce: mergeAllWritten(staging),
  };
}

/** What was written, with the shuffled shards in the place of what was spilled. `hash`: of all that decides the bytes. */
export async function shuffled(context: RunContext, written: Written, hash: string): Promise<Written> {
  const { spills: files } = written;
  if (files.length === 0) return written;
  const { staging } = context;
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const handed = await handOver(staging, `shuffled-${hash}`, files);
  const { shards } = decodeWritten(await runPhase(context, shufflePhase({ staging, hash }, rows, handed)));
  requireAllRows(files, { shards });
  return { ...written, spills: [], shards: [...written.shards, ...shards] };
}
