/** The moments of slices, stage by stage, from the table of a slicing. */
import type { Moments } from '../../schemas/moments.js';
import type { TagNames } from '../../schemas/tags.js';
import { emptyMoments, mergeMoments } from './moments.js';
import { addSlice, emptySlice } from './slice-moments.js';
import { WEIGHTED } from './stats-stages.js';
import type { ValueTable } from './value-table.js';

const decoder = new TextDecoder();

/** A value of a slicing, with its counters by block. */
export interface SlicedValue {
  readonly value: string;
  /** Rows of the raw data. */
  readonly rows: number;
  readonly blocks: ReadonlyMap<number, Float64Array>;
}

/** The values of a table for m attributes, those with the most rows first, and rows without a value. */
export function slicedValues(
  table: ValueTable,
  attributes: number,
): { readonly present: readonly SlicedValue[]; readonly missing: SlicedValue | undefined } {
  const group = 2 * attributes + 1;
  const values = [...table.sums()].map(({ value, blocks }) => ({
    value: decoder.decode(value),
    rows: blocks.get(0)![0] + blocks.get(0)![group],
    blocks,
  }));
  const missing = values.find(({ value }) => value === '');
  return { present: values.filter((entry) => entry !== missing).sort((a, b) => b.rows - a.rows), missing };
}

/** The stages of some values together: raw, after the last filter, weighted. `told` are the names of the first two. */
export function sliceStages(
  table: ValueTable,
  values: readonly SlicedValue[],
  { names, filters, told }: { readonly names: TagNames; readonly filters: number; readonly told: readonly string[] },
): { readonly name: string; readonly moments: Moments }[] {
  const { attributes, labels } = names;
  const group = 2 * attributes.length + 1;
  const slice = emptySlice(attributes.length, labels.length, table.width > 2 * group);
  for (const { blocks } of values) addSlice(slice, blocks);
  const { kept, dropped, weighted } = slice;
  const raw = mergeMoments(mergeMoments(emptyMoments(kept.attributes, kept.labels), dropped), kept);
  return [
    { name: told[0], moments: raw },
    ...(filters > 0 ? [{ name: told[1], moments: kept }] : []),
    ...(weighted === null ? [] : [{ name: WEIGHTED, moments: weighted }]),
  ];
}
