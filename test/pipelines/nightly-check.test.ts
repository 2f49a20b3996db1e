import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireNightly } from '../../pipelines/nightly/check.js';
import { parseConfig } from '../../schemas/parse-config.js';

const configOf = (filter: unknown) =>
  parseConfig({
    input: { files: 'data/{date}/*.parquet' },
    nightly: { window: '30d' },
    filters: [{ words: { minimum: 2 } }, filter],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    output: { directory: 'out' },
  });

for (const filter of [{ unique: {} }, { near: {} }, { similarity: { fraction: 0.3 } }, 'datacomp-clip-score']) {
  test(`nightly refuses a filter that must see the whole input: ${JSON.stringify(filter)}`, () => {
    assert.throws(
      () => requireNightly(configOf(filter)),
      /^ConfigError: .*filters: expected filters that look at each row by itself, got .*, whose verdict depends on all rows/s,
    );
  });
}

for (const filter of ['datacomp-basic', 'laion2b', { similarity: { minimum: 0.28 } }]) {
  test(`and none that looks at each row by itself: ${JSON.stringify(filter)}`, () => {
    assert.doesNotThrow(() => requireNightly(configOf(filter)));
  });
}
