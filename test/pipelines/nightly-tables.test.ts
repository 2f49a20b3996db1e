/** What `nightly` takes from BigQuery, and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireNightly } from '../../pipelines/nightly/check.js';
import { parseConfig } from '../../schemas/parse-config.js';

const check = (bigquery: object, { nightly = {}, directory = 'out' }: { nightly?: object; directory?: string } = {}) =>
  requireNightly(
    parseConfig({
      input: { bigquery },
      attributes: { female: { column: 'female' } },
      labels: [{ columns: ['y_*'] }],
      output: { directory },
      nightly,
    }),
  );

test('a table a day, and a table of partitions, are nights', () => {
  for (const table of ['d.pairs_{yyyy}{mm}{dd}', 'p.d.pairs_{date}', 'd.pairs']) {
    assert.doesNotThrow(() => check({ table }), table);
  }
  assert.doesNotThrow(() => check({ table: 'd.pairs' }, { nightly: { marker: 'done/{date}' } }));
});

test('a query, half a day, a manifest and an output without folders are refused with a sentence', () => {
  const refuses = (bigquery: object, message: RegExp, more = {}) =>
    assert.throws(() => check(bigquery, more), { name: 'ConfigError', message });
  refuses({ query: 'SELECT 1 AS a' }, /input\.bigquery\.query: expected a table with nightly, got a query/);
  refuses(
    { table: 'd.pairs_{yyyy}{mm}' },
    /input\.bigquery\.table: expected a name with the day, \{date\}, .*got d\.pairs_/,
  );
  refuses({ table: 'd.pairs' }, /nightly\.manifest: expected none/, { nightly: { manifest: 'm/{date}.json' } });
  refuses({ table: 'd.pairs' }, /output\.directory: expected a folder of a disk/, { directory: 'gs://bucket/out' });
  assert.throws(() => check({ table: 'd.pairs_{day}' }), { name: 'ConfigError', message: /input\.bigquery\.table/ });
});
