/** A finished run in the tables of BigQuery: made, migrated, loaded, loaded again, refused. On a real emulator. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { publishRun } from '../../pipelines/index.js';
import { publishDrift } from '../../pipelines/publish.js';
import type { BigQueryConfig } from '../../schemas/bigquery.js';
import { BIGQUERY_TABLES } from '../../schemas/bigquery-tables.js';
import { PublishError } from '../../schemas/errors.js';
import type { Drift } from '../../schemas/stats-diff.js';
import { momentRows, pairRows } from '../../transforms/publish/rows.js';
import { buildReport } from '../../transforms/stats/report.js';
import { digests, scratch } from '../end-to-end/scratch.js';
import { finishedRun } from '../transforms/stats/run.js';
import { startEmulator } from './bigquery.js';
import { LABELS, saveRun, stateOf, WEIGHT_ROWS } from './bigquery-run.js';
import { DRIFT } from './drift.js';

const emulator = await startEmulator();
const there = 'absent' in emulator ? undefined : emulator;
const options = { skip: 'absent' in emulator ? emulator.absent : false };
after(() => there?.stop());

const RUN = 'abcdef0123456789';
const DATE = '2026-11-20';

/** An output that was finished on DATE. */
async function output(folder: string, run = RUN): Promise<string> {
  const directory = await saveRun(folder, run);
  const time = new Date(`${DATE}T23:30:00Z`);
  utimesSync(join(directory, 'manifest.json'), time, time);
  return directory;
}

async function rowsOf(dataset: string, table: string, where = 'TRUE'): Promise<Record<string, any>[]> {
  return there!.query(`SELECT * FROM \`${dataset}.${table}\` WHERE ${where}`);
}

/** Names of the tables that are there, without those that only staged rows. */
async function tablesOf(dataset: string): Promise<string[]> {
  const [tables] = await there!.bigquery.dataset(dataset).getTables();
  return tables
    .map(({ id }) => id!)
    .filter((id) => !id.includes('load_'))
    .sort();
}

const byText = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort();

test('a run is in the tables, each row once, with the figures of its report', options, async (t) => {
  const directory = await output(scratch(t));
  const before = digests(directory);
  const { rows } = await publishRun(directory, { bigquery: there!.target('whole', { weights: true }) });
  assert.deepEqual(await tablesOf('whole'), ['moments', 'pairs', 'runs', 'weights']);

  const moments = [...momentRows(stateOf(RUN), undefined)].map((row) => ({ run: RUN, run_date: DATE, ...row }));
  const pairs = [...pairRows(stateOf(RUN), undefined)].map((row) => ({ run: RUN, run_date: DATE, ...row }));
  assert.deepEqual(byText(await rowsOf('whole', 'moments')), byText(moments));
  assert.deepEqual(byText(await rowsOf('whole', 'pairs')), byText(pairs));
  const weights = WEIGHT_ROWS[0] + WEIGHT_ROWS[1];
  assert.deepEqual(rows, { moments: moments.length, pairs: pairs.length, weights, runs: 1 });

  const report = buildReport(finishedRun());
  for (const { stage, ab, association } of report.bias) {
    const found = pairs.filter((p) => 'stage' in p && p.stage === stage && 'ranked' in p && p.ranked) as any[];
    assert.equal(found.length, association.ranked, stage);
    assert.ok(Math.abs(Math.max(...found.map((p) => p.ab)) - ab!) < 1e-11, stage);
  }
  const [run] = await rowsOf('whole', 'runs');
  const { read, kept, written, dropped } = report.rows;
  assert.deepEqual([run!.rows_read, run!.rows_kept, run!.rows_written], [read, kept, written]);
  assert.deepEqual(Object.fromEntries(run!.dropped.map(({ reason, rows }: any) => [reason, rows])), dropped);
  assert.deepEqual(run!.targets, [{ attribute: 'female', target: 0.5 }]);
  assert.deepEqual([run!.fit, run!.feasible, run!.run_date, run!.dataset], ['exact', true, DATE, 'data']);
  const { 'publish.json': _, ...rest } = digests(directory);
  assert.deepEqual(rest, before);
});

test('the table of weights has every row of every shard', options, async (t) => {
  const directory = await output(scratch(t));
  await publishRun(directory, { bigquery: there!.target('weighted', { weights: true, prefix: 'm4_', name: 'coco' }) });
  assert.deepEqual(await tablesOf('weighted'), ['m4_moments', 'm4_pairs', 'm4_runs', 'm4_weights']);
  const rows = await rowsOf('weighted', 'm4_weights');
  const expected = WEIGHT_ROWS.flatMap((count, shard) => Array.from({ length: count }, (_, i) => `${shard}-${i}`));
  assert.deepEqual(rows.map(({ id }) => id).sort(), expected.sort());
  const [row] = rows.filter(({ id }) => id === '0-5');
  assert.deepEqual(row, {
    run: RUN,
    run_date: DATE,
    dataset: 'coco',
    id: '0-5',
    weight: 5 / 40,
    copies: 1,
    s_female: false,
    labels: LABELS.slice(0, 2),
    reason: null,
  });
});

test(
  'published again, from anywhere and under any date, no row is there twice; other runs stay',
  options,
  async (t) => {
    const folder = scratch(t);
    const bigquery = there!.target('again', { weights: true });
    const other = await output(folder, 'ffff000011112222');
    const directory = await output(folder);
    await publishRun(other, { bigquery });
    await publishRun(directory, { bigquery });
    const counts = () =>
      Promise.all(['runs', 'moments', 'pairs', 'weights'].map(async (table) => (await rowsOf('again', table)).length));
    const once = await counts();
    assert.equal((await publishRun(directory, { bigquery })).alreadyDone, true);
    assert.equal((await publishRun(directory, { again: true })).alreadyDone, false);
    assert.deepEqual(await counts(), once);

    // A copy of the output that knows nothing of the first time, on another day.
    rmSync(join(directory, 'publish.json'));
    const later = new Date('2026-11-25T00:00:00Z');
    utimesSync(join(directory, 'manifest.json'), later, later);
    await Promise.all([
      publishRun(directory, { bigquery, again: true }),
      publishRun(directory, { bigquery, again: true }),
    ]);
    assert.deepEqual(await counts(), once);
    assert.deepEqual(
      (await rowsOf('again', 'runs')).map(({ run, run_date }) => [run, run_date]).sort(),
      [
        [RUN, '2026-11-25'],
        ['ffff000011112222', DATE],
      ].sort(),
    );
  },
);

test('tables are partitioned by date and clustered by data set', options, async (t) => {
  await publishRun(await output(scratch(t)), { bigquery: there!.target('shape', { weights: true }) });
  for (const table of ['runs', 'moments', 'pairs', 'weights']) {
    const [{ timePartitioning, clustering }] = await there!.bigquery.dataset('shape').table(table).getMetadata();
    assert.deepEqual(timePartitioning, { type: 'DAY', field: 'run_date' }, table);
    assert.equal(clustering.fields[0], 'dataset', table);
  }
});

for (const missing of ['gap', 'targets']) {
  test(`the column ${missing}, where it is missing, is added; those that are none of ours stay`, options, async (t) => {
    const { bigquery, target } = there!;
    const dataset = `older_${missing}`;
    await bigquery.createDataset(dataset, { location: 'EU' });
    const fields = BIGQUERY_TABLES.runs.columns.filter(({ name }) => name !== missing) as any[];
    const schema = { fields: [...fields, { name: 'note', type: 'STRING' }] };
    await bigquery.dataset(dataset).createTable('runs', { schema });
    const logged: string[] = [];
    const onLog = (_: string, line: string) => void logged.push(line);
    await publishRun(await output(scratch(t)), { bigquery: target(dataset) }, { onLog });
    assert.ok(logged.includes(`added ${missing} to the table ${there!.project}.${dataset}.runs`), logged.join('\n'));
    const [run] = await rowsOf(dataset, 'runs');
    assert.deepEqual([run!.gap, run!.targets], [2e-10, [{ attribute: 'female', target: 0.5 }]]);
    assert.ok('note' in run!);
  });
}

test(
  'a table of another kind is refused with every column that is wrong; nothing is loaded, and all of it later',
  options,
  async (t) => {
    const { bigquery, target } = there!;
    await bigquery.createDataset('drifted', { location: 'EU' });
    const fields = [
      { name: 'run', type: 'STRING', mode: 'REQUIRED' },
      { name: 'run_date', type: 'DATE', mode: 'REQUIRED' },
      { name: 'dataset', type: 'STRING', mode: 'REQUIRED' },
      { name: 'ab', type: 'STRING' },
      { name: 'owner', type: 'STRING', mode: 'REQUIRED' },
    ];
    await bigquery.dataset('drifted').createTable('pairs', { schema: { fields } });
    const directory = await output(scratch(t));
    const before = digests(directory);
    const config = target('drifted');
    await assert.rejects(publishRun(directory, { bigquery: config }), (error: Error) => {
      assert.ok(error instanceof PublishError);
      assert.match(
        error.message,
        /the output is complete at .*publishing it failed: BigQuery: .*drifted\.pairs: expected the columns of this version of m4-balance, got ab is NULLABLE STRING and should be NULLABLE FLOAT; owner is REQUIRED, and no run has it\. Move the table away, .* m4-balance publish .* loads it again\.$/,
      );
      return true;
    });
    assert.deepEqual(await rowsOf('drifted', 'moments'), []);
    const { 'publish.json': publication, ...rest } = digests(directory);
    assert.ok(publication);
    assert.deepEqual(rest, before);

    await bigquery.dataset('drifted').table('pairs').delete();
    // As the command does it: the folder alone tells where to.
    const { rows } = await publishRun(directory, {});
    assert.equal((await rowsOf('drifted', 'pairs')).length, rows.pairs);
    assert.equal((await rowsOf('drifted', 'runs')).length, 1);
  },
);

test('where no emulator answers, the files stay and the same folder is published later', options, async (t) => {
  const directory = await output(scratch(t));
  const bigquery: BigQueryConfig = { ...there!.target('late'), endpoint: 'http://127.0.0.1:9' };
  await assert.rejects(publishRun(directory, { bigquery }), {
    name: 'PublishError',
    message: /ECONNREFUSED.*BigQuery or the network is at fault: try again later\. Nothing is lost/,
  });
  assert.equal(JSON.parse(readFileSync(join(directory, 'publish.json'), 'utf8')).published, false);
  const { target } = await publishRun(directory, { bigquery: there!.target('late') });
  assert.equal(target, `${there!.project}.late`);
  assert.equal(JSON.parse(readFileSync(join(directory, 'publish.json'), 'utf8')).published, true);
});

test('a shard of weights that is gone is told, and nothing of the run is put in place', options, async (t) => {
  const directory = await output(scratch(t));
  rmSync(join(directory, 'weights-1.parquet'));
  await assert.rejects(publishRun(directory, { bigquery: there!.target('gone', { weights: true }) }), {
    name: 'PublishError',
    message: /weights-1\.parquet: .*no such file/,
  });
  assert.deepEqual(await rowsOf('gone', 'moments'), []);
});

test('a folder that holds no run, or no word of where to publish it, is refused before anything is asked', async (t) => {
  const folder = scratch(t);
  await assert.rejects(publishRun(folder, {}), { name: 'InputError', message: /a folder without manifest\.json/ });
  await assert.rejects(publishRun(await saveRun(folder), {}), { name: 'ConfigError', message: /--bigquery\.dataset/ });
});

test('drift of two runs is there once, whatever was found before', options, async () => {
  const bigquery = there!.target('drifting');
  const load = (run: string, figures: readonly Drift[]) =>
    publishDrift({ run, before: 'aaaa', date: DATE, figures }, bigquery, {});
  await load('bbbb', [DRIFT, { ...DRIFT, label: null }]);
  await load('cccc', [DRIFT]);
  await load('bbbb', [DRIFT]);
  const rows = await rowsOf('drifting', 'drift');
  assert.deepEqual(rows.map(({ run }) => run).sort(), ['bbbb', 'cccc']);
  const { run, run_date, dataset, before, label, value_after, support_after, drifted } = rows.find(
    (row) => row.run === 'bbbb',
  )!;
  assert.deepEqual(
    [run, run_date, dataset, before, label, value_after, support_after, drifted],
    ['bbbb', DATE, 'data', 'aaaa', LABELS[1], 0.2, 590.5, true],
  );
});
