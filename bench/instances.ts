/** The two problems whose exact fit is measured, counted into patterns. */
import { parquet } from '../formats/parquet.js';
import { labelSchema } from '../schemas/config.js';
import { storageFor } from '../storage/index.js';
import { createInstance, type Instance } from '../transforms/balance/instance.js';
import { addPatterns, createPatterns } from '../transforms/balance/patterns.js';
import type { Problem } from '../transforms/balance/problem.js';
import { createTagger } from '../transforms/tag/tagger.js';
import { ATTRIBUTES, LABELS, problemOf, synthesise } from './synth.js';

export interface Exact {
  readonly instance: Instance;
  readonly problem: Problem;
}

const PATTERN_LIMIT = 10_000_000;

/** Set C of the reference optima: three attributes and the 50 labels that are not true by definition, at rate 0.25. Optimum 0.07447768. */
export async function adultExact(file: string): Promise<Exact> {
  const source = await storageFor(file).open(file);
  const { columns, groups } = await parquet.plan(source);
  const attributes = Object.fromEntries(
    ['s_female', 's_nonwhite', 's_age_ge40'].map((column) => [column.slice(2), { column, target: 0.5 }]),
  );
  const labels = [labelSchema.parse({ columns: ['y_*'], exclude: ['y_rel_husband', 'y_rel_wife'] })];
  const tagger = createTagger(attributes, labels, columns);
  const m = tagger.names.attributes.length;
  const c = tagger.names.labels.length;
  const table = createPatterns(m, c, PATTERN_LIMIT);
  for (let group = 0; group < groups.length; group++)
    for await (const batch of parquet.read(source, group, tagger.columns)) addPatterns(table, tagger.tag(batch));
  return { instance: createInstance(table), problem: problemOf(m, c, { rate: 0.25, tolerance: 0.01 }) };
}

/** The synthetic problem with each row's own u, so that there are as many patterns as rows; u stays as drawn. */
export function syntheticExact(rows: number): Exact {
  const { tags, utility } = synthesise(rows);
  const table = createPatterns(ATTRIBUTES, LABELS, PATTERN_LIMIT);
  addPatterns(table, tags, utility);
  const counted = createInstance(table);
  const instance = { ...counted, utility: counted.utility.map((u) => u * counted.utilityMean), utilityMean: 1 };
  return { instance, problem: problemOf(ATTRIBUTES, LABELS, { rate: 0.5, tolerance: 0.001 }) };
}
