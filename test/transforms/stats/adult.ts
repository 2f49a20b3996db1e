/** The sets A and C of the specification, from the Adult table. */
import { decompress, init } from '@bokuweb/zstd-wasm';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { Tags } from '../../../schemas/tags.js';
import { sharedPath } from '../../shared.js';

export const ADULT = 'data/tabular/adult.parquet';

export interface Adult {
  readonly tags: Tags;
  readonly attributes: readonly string[];
  readonly labels: readonly string[];
}

// A second init breaks the decompressor, so there is one.
let ready: Promise<void> | undefined;

/** Attributes and labels by the names of their columns, labels chosen by `isLabel`. */
export async function readAdult(attributes: readonly string[], isLabel: (name: string) => boolean): Promise<Adult> {
  ready ??= init();
  await ready;
  const file = await asyncBufferFromFile(sharedPath(ADULT));
  const rows = await parquetReadObjects({ file, compressors: { ZSTD: (input) => decompress(input) } });
  const labels = Object.keys(rows[0]).filter((name) => name.startsWith('y_') && isLabel(name));
  const present = rows.map((row) => labels.flatMap((name, r) => (row[name] ? [r] : [])));
  const offsets = new Uint32Array(rows.length + 1);
  present.forEach((y, i) => {
    offsets[i + 1] = offsets[i] + y.length;
  });
  const tags = {
    rows: rows.length,
    attributes: Uint8Array.from(rows.flatMap((row) => attributes.map((name) => Number(row[name])))),
    offsets,
    labels: Uint16Array.from(present.flat()),
  };
  return { tags, attributes, labels };
}

export function adultSetA(): Promise<Adult> {
  return readAdult(
    ['s_female', 's_nonwhite'],
    (name) => name.startsWith('y_occ_') || name === 'y_income_gt50k' || name === 'y_hours_ge45',
  );
}

export function adultSetC(): Promise<Adult> {
  return readAdult(
    ['s_female', 's_nonwhite', 's_age_ge40'],
    (name) => name !== 'y_rel_husband' && name !== 'y_rel_wife',
  );
}
