/**
 * Counting patterns over many workers. Each bundle counts into a table of its own and hands it on by key range; one worker a range puts
 * the parts together; only what the limit leaves of the ranges comes together for the solve. Nothing is left out before a range is
 * whole, so the result depends on the rows alone. Tables that are large for an element go by the staging folder.
 */
import { randomUUID } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { Tags } from '../../schemas/tags.js';
import { storageFor } from '../../storage/index.js';
import { saveBytes, workPath } from '../read/job.js';
import { decodePatterns, encodePatterns, readPatterns } from './pattern-bytes.js';
import { COARSEST_UTILITY, partition, patternHash } from './pattern-ranges.js';
import { createPatterns, type PatternTable } from './pattern-table.js';
import { addPatterns, mergePatterns, patternCount } from './patterns.js';
import { addUtilities, meanUtility, type Sample, sampled, thin, type UtilityCounts } from './thin.js';

/** Bytes, or where they lie in the staging folder. */
export type Located =
  | { readonly bytes: Uint8Array }
  | { readonly path: string; readonly start: number; readonly end: number };

/** Of the top bits of a pattern's hash: as many workers can put patterns together at once. */
const RANGE_BITS = 6;
const RANGES = 2 ** RANGE_BITS;
/** Patterns that a bundle holds before it hands them on: some 80 MB. */
const BUNDLE_PATTERNS = 1 << 20;
/** Patterns of a range in one pass where they must be sampled. */
const PASS_PATTERNS = 1 << 20;
/** Bytes of a bundle's patterns that travel as they are. */
const BUNDLE_INLINE_BYTES = 1 << 18;
/** Bytes of a range's: a file costs milliseconds, and there may be one for each range. */
const RANGE_INLINE_BYTES = 1 << 18;

export interface PatternShape {
  readonly m: number;
  readonly c: number;
  /** Most patterns that are solved for. */
  readonly limit: number;
}

export interface PatternCounter {
  add(tags: Tags, utility?: Float64Array): void;
  /** Whether it is time to hand on what was counted. */
  readonly full: boolean;
  /** What was counted since the last time, by range: what `mergeRange` takes, serialised. */
  take(): Promise<{ range: number; part: Uint8Array }[]>;
}

/** More patterns than the limit in one bundle are more in all, so it may round u as all will; what it may not do is leave any out. */
export function createPatternCounter(staging: string, { m, c, limit }: PatternShape): PatternCounter {
  const most = Math.min(limit, BUNDLE_PATTERNS);
  const empty = () => createPatterns(m, c, limit, COARSEST_UTILITY);
  let table = empty();
  return {
    add: (tags, utility) => addPatterns(table, tags, utility),
    get full() {
      return patternCount(table) > most;
    },
    async take() {
      const { hashes } = table;
      const parts = partition(table, RANGES, (group, u) => patternHash(hashes[group], u) >>> (32 - RANGE_BITS));
      const { level } = table;
      table = empty();
      table.level = level;
      const encoded = parts.flatMap((part, range) =>
        part === undefined ? [] : [{ range, bytes: encodePatterns(part) }],
      );
      const located = await locateAll(
        staging,
        encoded.map(({ bytes }) => bytes),
      );
      return encoded.map(({ range }, i) => ({ range, part: new Uint8Array(serialize(located[i])) }));
    },
  };
}

/** A file for all where they are many: its name is new, for a bundle that failed may have left one behind. */
async function locateAll(staging: string, parts: readonly Uint8Array[]): Promise<Located[]> {
  if (parts.reduce((sum, { length }) => sum + length, 0) <= BUNDLE_INLINE_BYTES)
    return parts.map((bytes) => ({ bytes }));
  const path = workPath(staging, PARTS, randomUUID());
  await saveBytes(path, Buffer.concat(parts));
  let end = 0;
  return parts.map(({ length }) => {
    end += length;
    return { path, start: end - length, end };
  });
}

const PARTS = 'patterns';

/** Removes what bundles handed on, once every range is whole. */
export async function removeParts(staging: string): Promise<void> {
  await storageFor(staging).remove(workPath(staging, PARTS));
}

async function fetchBytes(located: Located): Promise<Uint8Array> {
  if ('bytes' in located) return located.bytes;
  const { path, start, end } = located;
  return (await storageFor(path).open(path)).read(start, end);
}

/** What is known of a range once it is whole. */
interface RangePatterns {
  /** Coarsened as the limit demands of the range alone, and so no coarser than all ranges together. */
  readonly table: Uint8Array;
  /** Where that left u out: the patterns with the largest priorities, and the rows by u. */
  readonly sample?: { readonly table: Uint8Array; readonly utilities: UtilityCounts };
}

/**
 * Puts a range's parts together. Equal rows give equal bytes, in whatever parts they come and whatever the `passPatterns`, which bound
 * the memory of a range that must be sampled.
 */
export async function mergeRange(
  staging: string,
  range: number,
  parts: Iterable<Uint8Array>,
  shape: PatternShape,
  passPatterns = PASS_PATTERNS,
): Promise<Located> {
  const { m, c, limit } = shape;
  const located = Array.from(parts, (bytes) => deserialize(new Uint8Array(bytes)) as Located);
  const table = createPatterns(m, c, limit);
  let seen = 0;
  for (const part of located) {
    const from = readPatterns(await fetchBytes(part));
    seen += from.cells + from.groups;
    mergePatterns(table, { ...from, limit });
  }
  const whole: RangePatterns = { table: encodePatterns(table) };
  const merged =
    table.level <= COARSEST_UTILITY
      ? whole
      : { ...whole, sample: await sampleRange(located, shape, Math.ceil(seen / passPatterns)) };
  const bytes = new Uint8Array(serialize(merged));
  if (bytes.length <= RANGE_INLINE_BYTES) return { bytes };
  const path = workPath(staging, 'ranges', String(range));
  await saveBytes(path, bytes);
  return { path, start: 0, end: bytes.length };
}

/** Reads the parts once a pass, each time for some of the patterns, so that memory is bounded however many there are. */
async function sampleRange(parts: readonly Located[], { m, c, limit }: PatternShape, passes: number) {
  const utilities: UtilityCounts = new Map();
  let sample = coarsest(m, c);
  for (let pass = 0; pass < passes; pass++) {
    const whole = coarsest(m, c);
    for (const part of parts) {
      const from = decodePatterns(await fetchBytes(part));
      const { hashes } = from;
      const inPass = (group: number, u: number) =>
        ((patternHash(hashes[group], u) << RANGE_BITS) >>> RANGE_BITS) % passes === pass ? 0 : -1;
      const [own] = passes === 1 ? [from] : partition(from, 1, inPass);
      if (own !== undefined) mergePatterns(whole, own);
    }
    addUtilities(utilities, whole);
    mergePatterns(sample, thin(whole, limit));
    sample = thin(sample, limit);
  }
  // A Map keeps the order of insertion, which is that of the parts.
  const sorted = new Map([...utilities].sort(([a], [b]) => a - b));
  return { table: encodePatterns(sample), utilities: sorted };
}

/** An empty table without limit at the last level with u. */
function coarsest(m: number, c: number): PatternTable {
  const table = createPatterns(m, c, Number.POSITIVE_INFINITY);
  table.level = COARSEST_UTILITY;
  return table;
}

/** All ranges together. */
export interface Gathered {
  /** Coarsened as the limit demands. */
  readonly table: PatternTable;
  /** Where that left u out: a sample of `limit` patterns with u, what it was drawn from (their counts, and the next priority), and the mean u of all. */
  readonly sample?: Sample & { readonly kept: PatternTable; readonly utilityMean: number | undefined };
}

/** Brings ranges together, one after the other. Memory is bounded by the limit. */
export async function gatherPatterns(ranges: readonly Located[], { m, c, limit }: PatternShape): Promise<Gathered> {
  const table = createPatterns(m, c, limit);
  const each = async (visit: (range: RangePatterns) => void) => {
    for (const range of ranges) visit(deserialize(new Uint8Array(await fetchBytes(range))) as RangePatterns);
  };
  await each((range) => mergePatterns(table, readPatterns(range.table)));
  if (table.level <= COARSEST_UTILITY) return { table };
  const utilities: UtilityCounts = new Map();
  let kept = coarsest(m, c);
  await each((range) => {
    let own: PatternTable;
    if (range.sample === undefined) {
      own = coarsest(m, c);
      mergePatterns(own, { ...readPatterns(range.table), limit: own.limit });
      addUtilities(utilities, own);
    } else {
      own = decodePatterns(range.sample.table);
      for (const [u, count] of range.sample.utilities) utilities.set(u, (utilities.get(u) ?? 0) + count);
    }
    mergePatterns(kept, thin(own, limit));
    kept = thin(kept, limit);
  });
  return { table, sample: { ...sampled(kept, limit), kept, utilityMean: meanUtility(utilities, COARSEST_UTILITY) } };
}
