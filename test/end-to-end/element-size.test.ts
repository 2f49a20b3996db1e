import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bool, Field, Float64, List, Utf8 } from 'apache-arrow';
import { setVerifyCoders } from '../../beam/index.js';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { batchOf, saveParquet } from './inputs.js';
import { scratch } from './scratch.js';

/** Dataflow's limit of an element is the least of the runners'. */
const MAXIMUM_BYTES = 2 << 20;

const ROWS = 6_000;
const LABELS_A_ROW = 180;
const VOCABULARY = 30_000;

/** Labels so many that the state of a stream, the sums of a certificate, the tags of a batch and the duals are megabytes. */
const tags = Array.from({ length: ROWS }, (_, i) =>
  Array.from({ length: LABELS_A_ROW }, (_, j) => `label number ${(i * 7919 + j * 104_729) % VOCABULARY}`),
);
const flag = (divisor: number) => ({
  type: new Bool(),
  values: tags.map((_, i) => Math.floor(i / divisor) % 3 !== 0),
});
const batch = batchOf([
  ['text', { type: new Utf8(), values: tags.map((_, i) => `a picture of thing ${i}`) }],
  ['tags', { type: new List(new Field('item', new Utf8(), true)), values: tags }],
  ['similarity', { type: new Float64(), values: tags.map((_, i) => (i % 1000) / 1000) }],
  ...[1, 2, 3].map((k) => [`s${k}`, flag(k)] as const),
]);

before(() => setVerifyCoders(true, MAXIMUM_BYTES));
after(() => setVerifyCoders(false));

for (const [fit, streams] of [
  ['auto', 1],
  ['stream', 2],
  ['online', 2],
] as const) {
  test(`no element of a run with ${VOCABULARY} labels is above 2 MB, fit ${fit}`, async (t) => {
    const folder = scratch(t);
    const file = join(folder, 'in.parquet');
    await saveParquet(file, batch, 6_000);
    const { report } = await runBalance(
      parseConfig({
        input: { files: file },
        filters: [{ similarity: { fraction: 0.9 } }, { unique: { column: 'text' } }],
        attributes: Object.fromEntries([1, 2, 3].map((k) => [`s${k}`, { column: `s${k}`, target: 0.6 }])),
        labels: [{ list: 'tags' }],
        balance: { fit, streams, rate: 0.5, patterns: 2_000, tolerance: { representation: 0.05, association: 0.05 } },
        output: { directory: join(folder, 'out'), formats: [], weights: 'parquet', shardRows: 1_500 },
      }),
    );
    assert.equal(report.rows.read, ROWS);
    assert.equal(report.certificate!.fit, fit === 'auto' ? 'thinned' : fit);
    // Online, a few thousand rows do not yet learn mu.
    if (fit !== 'online')
      assert.ok(Math.abs(report.certificate!.rate - 0.5) < 1e-5, `E[q] ${report.certificate!.rate}`);
  });
}
