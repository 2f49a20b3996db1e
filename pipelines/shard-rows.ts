/** How many rows a shard is to have. */
import type { Job } from '../transforms/read/job.js';

const BYTES_A_SHARD = 256 << 20;

/** Rows a shard, on average: as configured, or from the bytes wanted and the input's uncompressed bytes a row. */
export function expectedShardRows({ plan, config }: Job): number {
  const { shardRows, shardBytes = BYTES_A_SHARD } = config.output;
  const rowBytes = Math.max(1, plan.bytes / Math.max(1, plan.rows));
  return shardRows ?? Math.max(1, Math.round(shardBytes / rowBytes));
}
