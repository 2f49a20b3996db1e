/** tfrecord-read: records of 300 bytes, as they are and as columns, against tf.data with one thread. */
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { type Entry, medianOf, type Outcome, type Ratio, speedRatio } from './figures.js';
import type { Options } from './options.js';
import { RECORD_BYTES, recordRows } from './record-rows.js';

const GOAL = 1.5;

const NAMES = {
  records: ['m4-balance, records', 'tf.data, TFRecordDataset'],
  columns: ['m4-balance, columns', 'tf.data, and parse_example'],
} as const;

export async function tfrecordRead(options: Options): Promise<Outcome> {
  const file = await recordRows(options);
  const { entries, absent } = await contest(
    (['records', 'columns'] as const).flatMap((what) => [
      () => startNode(NAMES[what][0], 'read-records.js', file, what),
      () => startPython(NAMES[what][1], 'tfrecord_read.py', file, what),
    ]),
    options.runs,
  );
  const of = (name: string): Entry | undefined => entries.find((entry) => entry.name === name);
  const ratioOf = (what: keyof typeof NAMES, goal?: number): Ratio[] => {
    const [ours, peer] = [of(NAMES[what][0]), of(NAMES[what][1])];
    return ours === undefined || peer === undefined ? [] : [speedRatio(ours, peer, goal)];
  };
  const same = new Set(entries.map((entry) => medianOf(entry, 'records'))).size === 1;
  return {
    title: `${options.rows} records of ${RECORD_BYTES} bytes, checksums checked`,
    entries,
    ratios: [...ratioOf('records', GOAL), ...ratioOf('columns')],
    notes: [...absent, same ? 'All counts agree.' : 'COUNTS DIFFER.'],
  };
}
