/** The shards and the weights under the names that they are published by. */
import type { Config } from '../schemas/config.js';
import { RAW_SPLIT } from '../schemas/output.js';
import type { FilePart } from '../transforms/write/commit-parts.js';
import { shardName, weightsName } from '../transforms/write/shards.js';
import type { Written } from '../transforms/write/written.js';

/** A file of each shard that has rows, numbered without gaps: format by format, the balanced split before the raw one; then the weights. */
export function shardParts(output: Config['output'], { shards }: Pick<Written, 'shards'>): FilePart[] {
  const files = shards.flatMap((shard) => shard.files);
  const parts: FilePart[] = [];
  for (const format of output.formats) {
    for (const [kind, split] of [
      ['shard', output.split],
      ['raw', RAW_SPLIT],
    ] as const) {
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
