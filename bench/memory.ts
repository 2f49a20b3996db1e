/** Peak resident memory of the whole command at some number of rows and at several times as many. */
import { join } from 'node:path';
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import type { Contestant } from './contestant.js';
import { type Entry, medianOf, type Outcome } from './figures.js';
import { imageShards, imagesOfShard, SHARDS } from './image-shards.js';
import { balanceCommand } from './job.js';
import { labelRows, MANY_ATTRIBUTES, MANY_LABELS } from './label-rows.js';
import { cacheFolder, type Options } from './options.js';
import { ownCommand } from './whole-process.js';

/** Of the shards. */
const TIMES = 4;
const MOST_RATIO = 1.2;
const MOST_MEGABYTES = 400;

/** A command on an input, the first of some the smallest. */
interface Sized {
  readonly name: string;
  /** What it has more of than the first. */
  readonly more: string;
  readonly start: () => Promise<Contestant>;
}

async function peaks(title: string, { runs }: Options, sizes: readonly Sized[]): Promise<Outcome> {
  const entries: Entry[] = [];
  for (const { name, start } of sizes) {
    const command = await start();
    // Nothing to warm up, and nothing to take turns with: every run counts.
    const { entries: one } = await contest([async () => ({ ...command, name })], runs, 0);
    entries.push(...one);
  }
  const [least, ...others] = entries.map((entry) => medianOf(entry, 'peak_MB'));
  return {
    title: `${title}, peak resident memory of the process`,
    entries,
    ratios: [
      ...others.map((peak, i) => ({
        what: `peak at ${sizes[i + 1]!.more} / peak`,
        value: peak / least!,
        most: MOST_RATIO,
      })),
      { what: 'largest peak, MB', value: Math.max(least!, ...others), most: MOST_MEGABYTES },
    ],
    notes: [],
  };
}

function peaksOfRows(
  title: string,
  options: Options,
  times: number,
  commandOf: (rows: number) => Promise<Contestant>,
): Promise<Outcome> {
  const sizes = [options.rows, times * options.rows].map((rows) => ({
    name: `${rows} rows`,
    more: `${times} times the rows`,
    start: () => commandOf(rows),
  }));
  return peaks(title, options, sizes);
}

export function memory(options: Options): Promise<Outcome> {
  return peaksOfRows('m4-balance balance', options, 10, async (rows) =>
    balanceCommand(options, await captionRows(options, rows), `memory-${rows}`),
  );
}

async function statsCommand(options: Options, rows: number): Promise<Contestant> {
  const files = await labelRows(options, rows);
  const attributes = Object.fromEntries(
    Array.from({ length: MANY_ATTRIBUTES }, (_, k) => [`a${k}`, { column: `a${k}` }]),
  );
  return ownCommand('stats', cacheFolder(options, `memory-stats-${rows}`), (directory) => ({
    input: { files },
    attributes,
    labels: [{ list: 'labels', minimumCount: 1, maximum: MANY_LABELS }],
    output: { directory },
  }));
}

export function memoryStats(options: Options): Promise<Outcome> {
  const title = `m4-balance stats of ${MANY_LABELS} labels and ${MANY_ATTRIBUTES} attributes`;
  return peaksOfRows(title, options, 4, (rows) => statsCommand(options, rows));
}

async function shardsCommand(options: Options, shards: number, images: number): Promise<Contestant> {
  const files = join(await imageShards(options, shards, images), '*.tar');
  return ownCommand('balance', cacheFolder(options, `memory-shards-${shards}-${images}`), (directory) => ({
    input: { files, columns: { id: 'id', text: 'txt', image: 'jpg' } },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    output: { directory, formats: ['tfrecord'] },
  }));
}

export function memoryShards(options: Options): Promise<Outcome> {
  const images = imagesOfShard(options);
  const sized = (more: string, shards: number, images: number): Sized => ({
    name: `${shards} of ${images} images`,
    more,
    start: () => shardsCommand(options, shards, images),
  });
  return peaks('m4-balance balance of tar shards to TFRecord', options, [
    sized('', SHARDS, images),
    sized(`${TIMES} times the shards`, TIMES * SHARDS, images),
    sized(`${TIMES} times as large ones`, SHARDS, TIMES * images),
  ]);
}
