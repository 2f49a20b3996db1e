/**
 * streams: what the number of streams, and thinning, cost in the optimum. The synthetic problem, one pass; each figure is the primal of
 * the averaged duals over all rows once mu is moved so that E[q] is the rate. Deterministic, so each is measured once.
 */

import { fitExact } from '../transforms/balance/exact.js';
import { createInstance } from '../transforms/balance/instance.js';
import { COARSEST_UTILITY } from '../transforms/balance/pattern-ranges.js';
import { addPatterns, createPatterns, patternCount } from '../transforms/balance/patterns.js';
import { createStream, mergeStreams, updateStream } from '../transforms/balance/stream.js';
import { sampled } from '../transforms/balance/thin.js';
import { calibratedPrimal } from './calibrated.js';
import type { Entry, Outcome, Ratio } from './figures.js';
import { timed } from './serve.js';
import { ATTRIBUTES, LABELS, problemOf, type Synthetic, synthesise } from './synth.js';

const SIZES = [200_000, 2_000_000];
const STREAMS = [1, 4, 16, 64];
/** Patterns that are kept, of the rows. */
const SAMPLES = [1 / 40, 1 / 10];
/** Rows that go to one stream in turn, as batches do: 64 streams get three or more each of the smaller problem. */
const TURN_ROWS = 1_000;

const problem = problemOf(ATTRIBUTES, LABELS, { rate: 0.5, tolerance: 0.001 });

/** Rows `from` to `to`, as views. */
function slice({ tags, utility }: Synthetic, from: number, to: number): Synthetic {
  const attributes = tags.attributes.subarray(from * ATTRIBUTES, to * ATTRIBUTES);
  const part = { rows: to - from, attributes, offsets: tags.offsets.subarray(from, to + 1), labels: tags.labels };
  return { tags: part, utility: utility.subarray(from, to) };
}

/** The duals of one pass over the rows by `count` independent streams: w [m * (c + 1)]. */
export function streamDuals(rows: Synthetic, count: number): Float64Array {
  const streams = Array.from({ length: count }, () => createStream(problem));
  for (let turn = 0; turn * TURN_ROWS < rows.tags.rows; turn++) {
    const part = slice(rows, turn * TURN_ROWS, Math.min(rows.tags.rows, (turn + 1) * TURN_ROWS));
    updateStream(streams[turn % count]!, part.tags, part.utility);
  }
  return mergeStreams(streams).w;
}

/** The duals of the exact fit of a priority sample, or of all patterns where there are no more. */
export function sampleDuals({ tags, utility }: Synthetic, size: number): Float64Array {
  const table = createPatterns(ATTRIBUTES, LABELS, Number.POSITIVE_INFINITY);
  if (size < tags.rows) table.level = COARSEST_UTILITY;
  addPatterns(table, tags, utility);
  const kept = patternCount(table) > size ? sampled(table, size).table : table;
  return fitExact(createInstance(kept), problem).w;
}

/** The primal of some duals over all rows, mu moved so that E[q] is the rate. */
export function primalOf({ tags, utility }: Synthetic, w: Float64Array): number {
  return calibratedPrimal(problem, tags, utility, w);
}

async function measure(name: string, rows: Synthetic, fit: () => Float64Array): Promise<Entry> {
  const { seconds, result } = await timed(fit);
  return { name, runs: [{ seconds, primal: primalOf(rows, result) }] };
}

export async function streams(): Promise<Outcome> {
  const entries: Entry[] = [];
  const ratios: Ratio[] = [];
  for (const size of SIZES) {
    const rows = synthesise(size);
    const count = size.toLocaleString('en-US');
    const exact = await measure(`${count}, exact`, rows, () => sampleDuals(rows, size));
    entries.push(exact);
    const add = async (what: string, fit: () => Float64Array) => {
      const entry = await measure(`${count}, ${what}`, rows, fit);
      entries.push(entry);
      const value = (entry.runs[0]!.primal as number) / (exact.runs[0]!.primal as number);
      ratios.push({ what: `primal, ${entry.name} / exact`, value });
    };
    for (const n of STREAMS) await add(`${n} stream${n === 1 ? '' : 's'}`, () => streamDuals(rows, n));
    for (const share of SAMPLES)
      await add(`sample of ${(size * share).toLocaleString('en-US')}`, () => sampleDuals(rows, size * share));
  }
  return {
    title: `synthetic: rows, ${ATTRIBUTES} attributes, ${LABELS} labels, one pass`,
    entries,
    ratios,
    notes: ['Each is deterministic, and run once.'],
  };
}
