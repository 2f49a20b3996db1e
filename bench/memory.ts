/** memory: peak resident memory of the whole command at some number of rows and at ten times as many. */
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import { type Entry, medianOf, type Outcome } from './figures.js';
import { balanceCommand } from './job.js';
import type { Options } from './options.js';

const TIMES = 10;
const MOST_RATIO = 1.2;
const MOST_MEGABYTES = 400;

export async function memory(options: Options): Promise<Outcome> {
  const entries: Entry[] = [];
  for (const rows of [options.rows, TIMES * options.rows]) {
    const command = balanceCommand(options, await captionRows(options, rows), `memory-${rows}`);
    // Nothing to warm up, and nothing to take turns with: every run counts.
    const { entries: one } = await contest([async () => ({ ...command, name: `${rows} rows` })], options.runs, 0);
    entries.push(...one);
  }
  const [few, many] = entries.map((entry) => medianOf(entry, 'peak_MB'));
  return {
    title: 'm4-balance balance, peak resident memory of the process',
    entries,
    ratios: [
      { what: `peak at ${TIMES} times the rows / peak`, value: many! / few!, most: MOST_RATIO },
      { what: 'largest peak, MB', value: Math.max(few!, many!), most: MOST_MEGABYTES },
    ],
    notes: [],
  };
}
