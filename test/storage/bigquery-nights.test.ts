/** Which nights wait for a streaming buffer (tables.get as Google documents it), and which partitions are nights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nightWaits, restrictionsOf } from '../../storage/bigquery/nights.js';

const at = (time: string) => String(Date.parse(time));

test('a night waits while rows of it, or of a later day, may be in the streaming buffer', () => {
  const buffer = { estimatedRows: '12', oldestEntryTime: at('2026-05-02T23:30Z') };
  const waits = (night: string) => nightWaits(buffer, night, 'p.d.t');
  assert.equal(waits('2026-05-01'), undefined);
  assert.equal(waits('2026-05-02'), 'p.d.t has 12 rows in its streaming buffer yet');
  assert.equal(waits('2026-05-03'), 'p.d.t has 12 rows in its streaming buffer yet');
  assert.equal(nightWaits({ oldestEntryTime: at('2026-05-02T00:00Z') }, '2026-05-01', 't'), undefined);
  assert.equal(nightWaits({}, '2026-05-01', 't'), 't has some rows in its streaming buffer yet');
  assert.equal(nightWaits(undefined, '2026-05-01', 't'), undefined);
});

test('the condition on a night is of its column', () => {
  const schema = { fields: [{ name: 'day', type: 'DATE' }] };
  const restriction = restrictionsOf('p.d.t', { timePartitioning: { type: 'DAY', field: 'day' }, schema });
  assert.equal(restriction('2026-05-01'), "`day` = DATE '2026-05-01'");
});
