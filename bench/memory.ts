/** Peak resident memory of the whole command at some number of rows and at several times as many. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import type { Contestant } from './contestant.js';
import { type Entry, medianOf, type Outcome } from './figures.js';
import { balanceCommand } from './job.js';
import { labelRows, MANY_ATTRIBUTES, MANY_LABELS } from './label-rows.js';
import { cacheFolder, type Options } from './options.js';
import { BUNDLED, nodeCommand, removeOutput, wholeProcess } from './whole-process.js';

const MOST_RATIO = 1.2;
const MOST_MEGABYTES = 400;

async function peaks(
  title: string,
  options: Options,
  times: number,
  commandOf: (rows: number) => Promise<Contestant>,
): Promise<Outcome> {
  const entries: Entry[] = [];
  for (const rows of [options.rows, times * options.rows]) {
    const command = await commandOf(rows);
    // Nothing to warm up, and nothing to take turns with: every run counts.
    const { entries: one } = await contest([async () => ({ ...command, name: `${rows} rows` })], options.runs, 0);
    entries.push(...one);
  }
  const [few, many] = entries.map((entry) => medianOf(entry, 'peak_MB'));
  return {
    title: `${title}, peak resident memory of the process`,
    entries,
    ratios: [
      { what: `peak at ${times} times the rows / peak`, value: many! / few!, most: MOST_RATIO },
      { what: 'largest peak, MB', value: Math.max(few!, many!), most: MOST_MEGABYTES },
    ],
    notes: [],
  };
}

export function memory(options: Options): Promise<Outcome> {
  return peaks('m4-balance balance', options, 10, async (rows) =>
    balanceCommand(options, await captionRows(options, rows), `memory-${rows}`),
  );
}

async function statsCommand(options: Options, rows: number): Promise<Contestant> {
  const folder = cacheFolder(options, `memory-stats-${rows}`);
  const output = join(folder, 'out');
  const config = join(folder, 'config.yaml');
  const attributes = Object.fromEntries(
    Array.from({ length: MANY_ATTRIBUTES }, (_, k) => [`a${k}`, { column: `a${k}` }]),
  );
  // YAML holds JSON.
  const job = {
    input: { files: await labelRows(options, rows) },
    attributes,
    labels: [{ list: 'labels', minimumCount: 1, maximum: MANY_LABELS }],
    output: { directory: output },
  };
  writeFileSync(config, JSON.stringify(job));
  return wholeProcess({
    name: 'm4-balance stats',
    command: nodeCommand(join(BUNDLED, 'm4-balance.js'), 'stats', config, '--json'),
    folder,
    prepare: () => removeOutput(output),
  });
}

export function memoryStats(options: Options): Promise<Outcome> {
  const title = `m4-balance stats of ${MANY_LABELS} labels and ${MANY_ATTRIBUTES} attributes`;
  return peaks(title, options, 4, (rows) => statsCommand(options, rows));
}
