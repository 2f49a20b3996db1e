import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BIGQUERY_TABLES, type TableColumn, weightsTable } from '../../../schemas/bigquery-tables.js';
import { type ForeignColumn, migrate, sqlType } from '../../../storage/bigquery/migrate.js';

const wanted: readonly TableColumn[] = [
  { name: 'run', type: 'STRING', mode: 'REQUIRED' },
  { name: 'gap', type: 'FLOAT', mode: 'NULLABLE' },
  { name: 'labels', type: 'STRING', mode: 'REPEATED' },
  { name: 'dropped', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'rows', type: 'INTEGER', mode: 'NULLABLE' }] },
];

/** The wanted columns with these in place of those of the same name; undefined leaves one out. */
function table(changes: Readonly<Record<string, ForeignColumn | undefined>>): ForeignColumn[] {
  const changed = wanted.flatMap((c): ForeignColumn[] =>
    c.name in changes ? [changes[c.name]!].filter(Boolean) : [c],
  );
  return [
    ...changed,
    ...Object.entries(changes).flatMap(([name, c]) => (wanted.some((w) => w.name === name) ? [] : [c!])),
  ];
}

describe('a table that is there', () => {
  test('is left alone where it has what is wanted, in other words, order and case', () => {
    const existing = [
      { name: 'DROPPED', type: 'STRUCT', mode: 'REPEATED', fields: [{ name: 'rows', type: 'INT64' }] },
      ...table({ dropped: undefined, gap: { name: 'Gap', type: 'FLOAT64' } }),
    ];
    assert.deepEqual(migrate(existing, wanted), { missing: [], issues: [] });
  });

  test('may be looser than wanted, and have more columns that may be null', () => {
    const existing = table({ run: { name: 'run', type: 'STRING' }, note: { name: 'note', type: 'JSON' } });
    assert.deepEqual(migrate(existing, wanted), { missing: [], issues: [] });
  });

  test('is given the nullable and repeated columns that it lacks', () => {
    const { missing, issues } = migrate(table({ gap: undefined, dropped: undefined }), wanted);
    assert.deepEqual([missing.map((c) => c.name), issues], [['gap', 'dropped'], []]);
  });

  const refused: readonly [
    what: string,
    changes: Readonly<Record<string, ForeignColumn | undefined>>,
    issue: RegExp,
  ][] = [
    ['another type', { gap: { name: 'gap', type: 'STRING' } }, /^gap is NULLABLE STRING and should be NULLABLE FLOAT$/],
    [
      'one value for a list',
      { labels: { name: 'labels', type: 'STRING' } },
      /^labels is NULLABLE STRING and should be REPEATED/,
    ],
    ['a list for one value', { gap: { name: 'gap', type: 'FLOAT', mode: 'REPEATED' } }, /^gap is REPEATED FLOAT/],
    ['no null allowed', { gap: { name: 'gap', type: 'FLOAT', mode: 'REQUIRED' } }, /^gap is REQUIRED FLOAT/],
    ['a required column missing', { run: undefined }, /^run is missing, and cannot be added$/],
    [
      'a column required that no run has',
      { x: { name: 'x', type: 'STRING', mode: 'REQUIRED' } },
      /^x is REQUIRED, and no/,
    ],
    [
      'another type inside a record',
      { dropped: { name: 'dropped', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'rows', type: 'STRING' }] } },
      /^dropped\.rows is NULLABLE STRING/,
    ],
    [
      'a column missing inside a record',
      { dropped: { name: 'dropped', type: 'RECORD', mode: 'REPEATED', fields: [] } },
      /^dropped\.rows is missing/,
    ],
  ];
  for (const [what, changes, issue] of refused) {
    test(`is refused for ${what}`, () => {
      const { missing, issues } = migrate(table(changes), wanted);
      assert.deepEqual([missing.length, issues.length], [0, 1], issues.join('; '));
      assert.match(issues[0]!, issue);
    });
  }
});

test('types are written as GoogleSQL has them', () => {
  assert.deepEqual(wanted.map(sqlType), ['STRING', 'FLOAT64', 'ARRAY<STRING>', 'ARRAY<STRUCT<`rows` INT64>>']);
});

test('every table begins with what its rows are told by, and is cut by it', () => {
  for (const { columns, partitionedBy, clusteredBy } of [...Object.values(BIGQUERY_TABLES), weightsTable(['female'])]) {
    const names = columns.map((c) => c.name);
    assert.deepEqual(names.slice(0, 3), ['run', 'run_date', 'dataset']);
    assert.equal(new Set(names).size, names.length);
    assert.equal(partitionedBy, 'run_date');
    assert.equal(clusteredBy[0], 'dataset');
    // A column that is added later must be one that an older table can be given.
    assert.ok(columns.slice(3).every(({ mode }) => mode !== 'REQUIRED'));
  }
});
