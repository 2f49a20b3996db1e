/** Which rows of the input go into which shard: ranges of global row numbers, the same however the input was cut into splits. */

/** TFDS reads numbers of five digits and no others. */
const SHARD_DIGITS = 5;
const MAXIMUM_SHARDS = 10 ** SHARD_DIGITS - 1;

/** Input rows from..to (to exclusive) make shard `index`; what survives of them is one file a format, or none. */
export interface ShardRange {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** What one worker writes in one go: consecutive shards. */
export interface Unit {
  readonly ordinal: number;
  readonly shards: readonly ShardRange[];
}

/**
 * Cuts `rows` input rows into ranges of nearly equal length, so that each range keeps `shardRows` rows on average when
 * `keptShare` of the input survives. Boundaries depend on these three numbers alone. No rows: no ranges. At most as many as five digits number,
 * since TensorFlow Datasets reads no more.
 */
export function shardRanges(rows: number, shardRows: number, keptShare: number): ShardRange[] {
  const count = shardCount(rows, shardRows, keptShare);
  const ranges: ShardRange[] = [];
  for (let index = 0; index < count; index++) {
    const from = Math.floor((index * rows) / count);
    const to = Math.floor(((index + 1) * rows) / count);
    ranges.push({ index, from, to });
  }
  return ranges;
}

/** Number of those ranges. */
export function shardCount(rows: number, shardRows: number, keptShare: number): number {
  return Math.min(rows, MAXIMUM_SHARDS, Math.max(1, Math.round((rows * keptShare) / shardRows)));
}

/** Groups ranges so that a unit covers at least `rows` input rows: a worker then decodes few row groups that it shares with another. */
export function unitsOf(ranges: readonly ShardRange[], rows: number): Unit[] {
  const units: Unit[] = [];
  let shards: ShardRange[] = [];
  for (const range of ranges) {
    shards.push(range);
    if (range.to - shards[0]!.from >= rows || range === ranges.at(-1)) {
      units.push({ ordinal: units.length, shards });
      shards = [];
    }
  }
  return units;
}

/** `-00003-of-00012`, as TFDS numbers shards; more digits where five are not enough for `count`. */
export function shardSuffix(index: number, count: number): string {
  const digits = Math.max(SHARD_DIGITS, String(count).length);
  return `-${String(index).padStart(digits, '0')}-of-${String(count).padStart(digits, '0')}`;
}

/** Endings that are not the name of the format. */
const ENDINGS: Readonly<Record<string, string>> = { webdataset: 'tar' };

/** Final name of a data shard: `<name>-<split>.tfrecord-00000-of-0000N` (TFDS), `<name>-<split>-00000-of-0000N.parquet`, `.arrow` and `.tar`. */
export function shardName(name: string, split: string, format: string, index: number, count: number): string {
  const suffix = shardSuffix(index, count);
  return format === 'tfrecord'
    ? `${name}-${split}.tfrecord${suffix}`
    : `${name}-${split}${suffix}.${ENDINGS[format] ?? format}`;
}

export function weightsName(format: string, index: number, count: number): string {
  return `weights/weights${shardSuffix(index, count)}.${format}`;
}
