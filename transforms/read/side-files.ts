/** What img2dataset leaves beside a shard: `00000.parquet` (the metadata, which the shard's JSON has too) and `00000_stats.json`. */

const SHARD = /\.(?:tar|tar\.gz|tgz|tfrecord)$/i;
const SIDE = /(?:\.parquet|_stats\.json)$/i;

/**
 * The files without those that lie beside a shard (tar, TFRecord) of the same name: the shard has their rows. A table without its shard stays. The row
 * counts in `_stats.json` are not relied on: a shard that was filtered or repacked keeps the old ones.
 */
export function withoutSideFiles<T extends { readonly path: string }>(entries: readonly T[]): T[] {
  const shards = new Set(entries.flatMap(({ path }) => (SHARD.test(path) ? path.replace(SHARD, '') : [])));
  return entries.filter(({ path }) => !(SIDE.test(path) && shards.has(path.replace(SIDE, ''))));
}
