/** The shards and the weights under the names that they are published by. */
import type { Config } from '../schemas/config.js';
import { RAW_SPLIT } from '../schemas/output.js';
import type { FilePart } from '../transforms/write/commit-parts.js';
import type { PartFile } from '../transforms/write/part.js';
import { shardName, weightsName } from '../transforms/write/shards.js';
import { mergeSubset } from '../transforms/write/subset.js';
import type { Written } from '../transforms/write/written.js';
import type { Phases } from './finish.js';

/** The balanced split, and the one before it was balanced. */
function splitsOf({ split, stages }: Config['output']) {
  const balanced = { kind: 'shard', split } as const;
  return stages === undefined ? [balanced] : [balanced, { kind: 'raw', split: RAW_SPLIT } as const];
}

function filesOf({ shards }: Pick<Written, 'shards'>): PartFile[] {
  return shards.flatMap((shard) => shard.files);
}

/** A file of each shard that has rows, numbered without gaps: format by format, the balanced split before the raw one; then the weights. */
export function shardParts(output: Config['output'], written: Pick<Written, 'shards'>): FilePart[] {
  const files = filesOf(written);
  const parts: FilePart[] = [];
  for (const format of output.formats) {
    if (format === 'datacomp') continue;
    for (const { kind, split } of splitsOf(output)) {
      const some = files.filter((f) => f.kind === kind && f.format === format);
      some.forEach((file, i) => {
        parts.push({ ...file, from: file.path, path: shardName(output.name, split, format, i, some.length) });
      });
    }
  }
  const weights = files.filter((f) => f.kind === 'weights');
  weights.forEach((file, i) => {
    parts.push({ ...file, from: file.path, path: weightsName(file.format, i, weights.length) });
  });
  return parts;
}

/** The pieces of a DataComp subset merged into one file for each split; none where it is not asked for. */
export async function subsetParts({ job, staging, written }: Phases): Promise<FilePart[]> {
  const { output } = job.config;
  if (!output.formats.includes('datacomp')) return [];
  const parts: FilePart[] = [];
  for (const { kind, split } of splitsOf(output)) {
    const path = `${output.name}-${split}.npy`;
    const pieces = filesOf(written).filter((f) => f.kind === kind && f.format === 'datacomp');
    const merged = await mergeSubset(staging, pieces, `${path}.merged`);
    parts.push({ ...merged, kind: 'subset', from: merged.path, path });
  }
  return parts;
}
