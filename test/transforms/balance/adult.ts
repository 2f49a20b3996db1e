/** UCI Adult as tags: sets A and C of the reference optima. */
import { readFileSync } from 'node:fs';
import { decompress, init } from '@bokuweb/zstd-wasm';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { Tags } from '../../../schemas/tags.js';
import { UNKNOWN } from '../../../schemas/tags.js';
import { sharedPath } from '../../shared.js';

export const ADULT = 'data/tabular/adult.parquet';

export interface Example {
  readonly tags: Tags;
  readonly m: number;
  readonly c: number;
  readonly utility?: Float64Array;
}

export interface Adult {
  readonly A: Example;
  readonly C: Example;
  /** Set A with some attributes unknown, as the reference optima say. */
  readonly unknowns: Example;
  readonly fnlwgt: Float64Array;
}

let cached: Promise<Adult> | undefined;

export function readAdult(): Promise<Adult> {
  cached ??= read();
  return cached;
}

async function read(): Promise<Adult> {
  await init();
  const bytes = readFileSync(sharedPath(ADULT));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const names = parquetMetadata(file).schema.map((element) => element.name);
  const rows = (await parquetReadObjects({ file, compressors: { ZSTD: (input) => decompress(input) } })) as Record<
    string,
    unknown
  >[];
  const build = (attributes: string[], labels: string[]): Example => {
    const s = new Uint8Array(rows.length * attributes.length);
    const offsets = new Uint32Array(rows.length + 1);
    const y: number[] = [];
    rows.forEach((row, i) => {
      attributes.forEach((name, k) => {
        s[i * attributes.length + k] = Number(row[name]);
      });
      labels.forEach((name, r) => {
        if (Number(row[name]) === 1) y.push(r);
      });
      offsets[i + 1] = y.length;
    });
    const tags = { rows: rows.length, attributes: s, offsets, labels: Uint16Array.from(y) };
    return { tags, m: attributes.length, c: labels.length };
  };
  const all = names.filter((name) => name.startsWith('y_'));
  const occupations = all.filter((name) => name.startsWith('y_occ_'));
  const A = build(['s_female', 's_nonwhite'], [...occupations, 'y_income_gt50k', 'y_hours_ge45']);
  const related = ['y_rel_husband', 'y_rel_wife'];
  const C = build(
    ['s_female', 's_nonwhite', 's_age_ge40'],
    all.filter((name) => !related.includes(name)),
  );
  const attributes = A.tags.attributes.slice();
  for (let i = 0; i < rows.length; i++) {
    if (i % 10 >= 3) attributes[2 * i] = UNKNOWN;
    if (i % 7 === 0) attributes[2 * i + 1] = UNKNOWN;
  }
  const unknowns = { ...A, tags: { ...A.tags, attributes } };
  return { A, C, unknowns, fnlwgt: Float64Array.from(rows, (row) => Number(row.fnlwgt)) };
}
