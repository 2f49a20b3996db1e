/** A problem and its rows as flat files, for peers to read: the very same numbers as ours. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvariantError } from '../schemas/errors.js';
import { type Tags, UNKNOWN } from '../schemas/tags.js';
import type { Instance } from '../transforms/balance/instance.js';
import type { Problem } from '../transforms/balance/problem.js';

function write(folder: string, name: string, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  writeFileSync(join(folder, name), Buffer.from(buffer, byteOffset, byteLength));
}

/**
 * `problem.json`; attributes [rows, m] as u8, offsets [rows + 1] as u32, labels as u16, utility [rows] as f64; and share [rows] where rows
 * are patterns. Throws an InvariantError for an unknown attribute or a conditional tolerance: the peers' formulations have neither.
 */
export function exportRows(
  folder: string,
  problem: Problem,
  tags: Tags,
  utility: Float64Array,
  share?: Float64Array,
): void {
  if (problem.conditional || tags.attributes.includes(UNKNOWN))
    throw new InvariantError('the peers know no such problem');
  const { m, c, target, tolerance, penalty, maximum, rate } = problem;
  const numbers = { m, c, target: [...target], tolerance: [...tolerance], penalty, maximum, rate };
  writeFileSync(join(folder, 'problem.json'), `${JSON.stringify(numbers)}\n`);
  write(folder, 'attributes.u8', tags.attributes);
  write(folder, 'offsets.u32', tags.offsets);
  write(folder, 'labels.u16', tags.labels);
  write(folder, 'utility.f64', utility);
  if (share !== undefined) write(folder, 'share.f64', share);
}

/** The same of an instance: a row is a distinct (s, y, u). */
export function exportInstance(folder: string, problem: Problem, instance: Instance): void {
  const { m, tags, starts, share, utility } = instance;
  const cells = share.length;
  const attributes = new Uint8Array(cells * m);
  const offsets = new Uint32Array(cells + 1);
  const labels: number[] = [];
  for (let g = 0; g < tags.rows; g++)
    for (let i = starts[g]!; i < starts[g + 1]!; i++) {
      attributes.set(tags.attributes.subarray(g * m, (g + 1) * m), i * m);
      for (let p = tags.offsets[g]!; p < tags.offsets[g + 1]!; p++) labels.push(tags.labels[p]!);
      offsets[i + 1] = labels.length;
    }
  const flat = { rows: cells, attributes, offsets, labels: Uint16Array.from(labels) };
  exportRows(folder, problem, flat, utility, share);
}
