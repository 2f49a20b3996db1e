import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { BIGQUERY_TABLES, type BigQueryTable, RUN_COLUMNS } from '../../../schemas/bigquery-tables.js';
import type { State, StateSet } from '../../../schemas/stats-state.js';
import { writeJsonLines } from '../../../transforms/publish/json-lines.js';
import { datasetNames, driftRows, momentRows, pairRows, runRows } from '../../../transforms/publish/rows.js';
import { addCounts, addWeighted, emptyMoments } from '../../../transforms/stats/moments.js';
import { encodeMoments } from '../../../transforms/stats/moments-codec.js';
import { scratch } from '../../end-to-end/scratch.js';
import { LABELS, stateOf } from '../../runners/bigquery-run.js';
import { DRIFT } from '../../runners/drift.js';
import { type Row, rowsArbitrary, tagsOf, weightsOf } from '../stats/rows.js';

const ATTRIBUTES = ['a', 'b'];

/** The state of a run without filters, raw and weighted. */
function stateOfRows(rows: readonly Row[]): State {
  const raw = emptyMoments(ATTRIBUTES.length, LABELS.length);
  const weighted = emptyMoments(ATTRIBUTES.length, LABELS.length);
  addCounts([raw], tagsOf(rows), new Uint8Array(rows.length), Uint8Array.of(0));
  addWeighted(weighted, tagsOf(rows), weightsOf(rows));
  const base64 = (m: typeof raw) => Buffer.from(encodeMoments(m)).toString('base64');
  const made = stateOf('r');
  const set: StateSet = {
    ...made.sets[0]!,
    attributes: ATTRIBUTES.map((name) => ({ name, target: 0.5 })),
    filters: [],
    read: rows.length,
    dropped: [],
    exits: [base64(raw)],
    stages: [{ stage: 'weighted', moments: base64(weighted) }],
  };
  return { ...made, source: 'stats', sets: [set] };
}

const NOTHING = { rows: { read: 0, kept: 0, written: 0, dropped: {} }, certificate: {} };

const key = (...parts: unknown[]) => JSON.stringify(parts);
const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

/** Cells, counted row by row: [support, weight, squares]. */
function slowly(rows: readonly Row[]): Map<string, [number, number, number]> {
  const cells = new Map<string, [number, number, number]>();
  for (const { s, y, q } of rows) {
    for (const [stage, weight] of [
      ['raw', 1],
      ['weighted', q],
    ] as const) {
      if (weight === 0) continue;
      const values = s.flatMap((v, k) => (v === 2 ? [] : [[ATTRIBUTES[k], v === 1 ? 'present' : 'absent']]));
      for (const [attribute, value] of [[null, 'all'], ...values]) {
        for (const label of [null, ...y.map((r) => LABELS[r])]) {
          const at = key(stage, attribute, value, label);
          const [n, w, w2] = cells.get(at) ?? [0, 0, 0];
          cells.set(at, [n + 1, w + weight, w2 + weight * weight]);
        }
      }
    }
  }
  return cells;
}

test('rows of moments are the cells that hold an example, and pairs the differences between them', () => {
  fc.assert(
    fc.property(rowsArbitrary(ATTRIBUTES.length, LABELS.length), (rows) => {
      const expected = slowly(rows);
      const state = stateOfRows(rows);
      const moments = [...momentRows(state, undefined)] as any[];
      assert.equal(moments.length, expected.size);
      for (const { stage, attribute, value, label, support, weight, squares } of moments) {
        const [n, w, w2] = expected.get(key(stage, attribute, value, label))!;
        assert.ok(support === n && near(weight, w) && near(squares, w2), key(stage, attribute, value, label));
      }
      const share = (stage: string, attribute: string, value: string, label: string) =>
        (expected.get(key(stage, attribute, value, label))?.[1] ?? 0) /
        expected.get(key(stage, attribute, value, null))![1];
      for (const { stage, attribute, label, difference, ab } of pairRows(state, undefined) as Iterable<any>) {
        assert.ok(expected.has(key(stage, null, 'all', label)));
        if (difference === null) continue;
        const slow = share(stage, attribute, 'present', label) - share(stage, attribute, 'absent', label);
        assert.ok(near(difference, slow) && near(ab, Math.abs(slow)), `${difference} ${slow}`);
      }
    }),
  );
});

/** Columns of a table that are in a row. */
const columnsOf = (table: BigQueryTable) => BIGQUERY_TABLES[table].columns.slice(RUN_COLUMNS.length).map((c) => c.name);

test('every row has the columns of its table, all of them and no other', () => {
  const state = stateOf('r');
  const rows = {
    moments: momentRows(state, 'n'),
    pairs: pairRows(state, 'n'),
    runs: runRows(state, 'n', NOTHING),
    drift: driftRows([DRIFT], 'before', 'n'),
  };
  for (const [table, made] of Object.entries(rows)) {
    const all = [...made];
    assert.ok(all.length > 0, table);
    for (const row of all) assert.deepEqual(Object.keys(row).sort(), columnsOf(table as BigQueryTable).sort());
  }
});

test('a run that only counts tells what its data set lost, and has no rate and no rows written', () => {
  const state = stateOf('r');
  const [set] = state.sets;
  const [run] = runRows({ ...state, source: 'stats' }, undefined, NOTHING);
  const { command, rows_read, rows_kept, rows_written, rate, dropped } = run!;
  assert.deepEqual(dropped, [...set!.dropped, { reason: 'unreadable', rows: set!.unreadable }]);
  const lost = (dropped as { rows: number }[]).reduce((sum, { rows }) => sum + rows, 0);
  assert.deepEqual(
    [command, rows_read, rows_kept, rows_written, rate],
    ['stats', set!.read, set!.read - lost, null, null],
  );
});

test('data sets are called as they are, as the run is, or both', () => {
  const one = stateOf('r');
  const two = { ...one, sets: [one.sets[0]!, { ...one.sets[0]!, name: 'other' }] };
  assert.deepEqual(datasetNames(one, undefined), ['data']);
  assert.deepEqual(datasetNames(one, 'web'), ['web']);
  assert.deepEqual(datasetNames(two, undefined), ['data', 'other']);
  assert.deepEqual(datasetNames(two, 'web'), ['web/data', 'web/other']);
});

test('lines of JSON are one a row, whatever is in the names, also where they are longer than a chunk', async (t) => {
  const rows = Array.from({ length: 4 }, (_, i) => ({ label: `line\n"\u2028${'x'.repeat(400_000)}`, i }));
  const path = join(scratch(t), 'rows.jsonl');
  const written = await writeJsonLines(path, rows);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  assert.equal(written.rows, 4);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    rows,
  );
});
