/** The built command from a table of BigQuery to its tables: balance, stats, diff, publish. On a real emulator. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../schemas/report.js';
import type { StatsReport } from '../../schemas/stats-report.js';
import { readOutput, readWeights } from '../end-to-end/outputs.js';
import { startEmulator } from './bigquery.js';
import { saveCaptions } from './caption-files.js';

const emulator = await startEmulator();
const there = 'absent' in emulator ? undefined : emulator;
after(() => there?.stop());

/** As npm installs it. */
const COMMAND = fileURLToPath(new URL('../../bin/m4-balance.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const DATASET = 'bias';
const ROWS = 3_000;

/** Not waited for in one piece: connections that the emulator gives up meanwhile must be noticed. */
function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

async function done(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(...args);
  assert.equal(status, 0, `${args.join(' ')}\n${stderr}\n${stdout}`);
  return stdout;
}

const query = (sql: string) => there!.query(sql.replaceAll('@@', `${there!.project}.${DATASET}`));

/** The configuration, and a table of captions. */
async function begin() {
  const { bigquery, input, project } = there!;
  const captions = await saveCaptions(folder, { rows: ROWS, rowGroupRows: ROWS });
  await bigquery.createDataset('pairs', { location: 'EU' });
  const schema = { fields: ['id', 'text'].map((name) => ({ name, type: 'STRING' })) };
  const table = bigquery.dataset('pairs').table('captions');
  await bigquery.dataset('pairs').createTable('captions', { schema });
  const metadata = { sourceFormat: 'PARQUET', schema };
  const [job] = await table.createLoadJob(join(captions, 'coco_val2017_captions.parquet'), metadata);
  await new Promise<void>((loaded, failed) => void job.once('complete', () => loaded()).once('error', failed));
  const config = {
    input: { bigquery: { table: 'pairs.captions', ...input } },
    filters: [{ words: { minimum: 5 } }],
    attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
    labels: [{ lexicon: 'occupations' }],
    balance: { tolerance: { representation: 0.01, association: 0.001 } },
    output: { directory: 'out' },
    report: { minimumSupport: 5 },
    bigquery: { dataset: DATASET, project, endpoint: input.endpoint, name: 'captions', weights: true },
  };
  writeFileSync(join(folder, 'job.json'), JSON.stringify(config));
}

const near = (a: number | null, b: number | null) => a === b || Math.abs(a! - b!) < 1e-9;

describe('the command', { skip: 'absent' in emulator ? emulator.absent : false }, () => {
  test('balances a table, and the tables have what its report and its weights say', async () => {
    await begin();
    assert.match(
      await done('balance', 'job.json', '--quiet'),
      /\.bias: .* rows of moments, .* rows of weights, 1 rows of runs\n$/,
    );
    const report = JSON.parse(readFileSync(join(folder, 'out', 'report.json'), 'utf8')) as Report;
    const output = readOutput(join(folder, 'out'));
    const [runRow] = await query('SELECT * FROM `@@.runs`');
    assert.equal(runRow!.run, output.manifest.run);
    assert.deepEqual(
      [runRow!.dataset, runRow!.rows_read, runRow!.rows_kept, runRow!.rows_written],
      ['captions', ROWS, report.rows.kept, report.rows.written],
    );
    assert.equal(
      runRow!.dropped.reduce((sum: number, { rows }: { rows: number }) => sum + rows, 0),
      report.rows.read - report.rows.kept,
    );
    for (const { stage, attributes, ab } of report.bias) {
      const [share] = await query(
        `SELECT SUM(IF(value = 'present', weight, 0)) / SUM(weight) AS share FROM \`@@.moments\` WHERE stage = '${stage}' AND attribute = 'female' AND label IS NULL`,
      );
      const [worst] = await query(`SELECT MAX(ab) AS ab FROM \`@@.pairs\` WHERE stage = '${stage}' AND ranked`);
      assert.ok(near(share!.share, attributes[0]!.share), stage);
      assert.ok(near(worst!.ab, ab), stage);
    }
    const weights = await readWeights(output.weights);
    const loaded = await query('SELECT id, weight, reason, s_female, ARRAY_LENGTH(labels) AS labels FROM `@@.weights`');
    const told = (rows: readonly unknown[][]) => rows.map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(
      told(loaded.map((w) => [w.id, w.weight, w.reason, w.s_female, w.labels])),
      told(
        weights.map((w) => [
          w.id,
          w.weight,
          w.reason,
          w.attributes.s_female ?? w.attributes.female ?? null,
          w.labels.length,
        ]),
      ),
    );
  });

  test('again does nothing, and loads nothing; publish does it again, and no row is there twice', async () => {
    assert.match(
      await done('balance', 'job.json', '--quiet'),
      /holds this run already.*\n.*has this run already; nothing was loaded\n$/,
    );
    const counted = 'SELECT COUNT(*) AS n FROM `@@.moments` UNION ALL SELECT COUNT(*) FROM `@@.weights`';
    const before = await query(counted);
    await done('publish', 'out', '--quiet');
    assert.deepEqual(await query(counted), before);
  });

  test('counts a table, and its slices are no rows of the whole', async () => {
    await done(
      'stats',
      'job.json',
      '--output',
      'counted',
      '--stats.slices',
      '[{attributes: {names: [female]}}]',
      '--quiet',
    );
    const report = JSON.parse(readFileSync(join(folder, 'counted', 'report.json'), 'utf8')) as StatsReport;
    const { run: id } = JSON.parse(readFileSync(join(folder, 'counted', 'manifest.json'), 'utf8'));
    const [row] = await query(`SELECT command, rows_read, fit FROM \`@@.runs\` WHERE run = '${id}'`);
    assert.deepEqual(row, { command: 'stats', rows_read: ROWS, fit: null });
    for (const { stage, rows } of report.sets[0]!.bias) {
      const [all] = await query(
        `SELECT support FROM \`@@.moments\` WHERE run = '${id}' AND stage = '${stage}' AND slicing IS NULL AND attribute IS NULL AND label IS NULL`,
      );
      assert.equal(all!.support, rows, stage);
    }
  });

  test('tells a slicing by its slices, which add up to the whole', async () => {
    const report = JSON.parse(readFileSync(join(folder, 'counted', 'report.json'), 'utf8')) as StatsReport;
    const { run: id } = JSON.parse(readFileSync(join(folder, 'counted', 'manifest.json'), 'utf8'));
    const of = `FROM \`@@.moments\` WHERE run = '${id}' AND slicing IS NOT NULL AND attribute IS NULL AND label IS NULL`;
    const [whole] = await query(`SELECT SUM(support) AS support, MIN(sample) AS sample ${of} AND stage = 'raw'`);
    assert.deepEqual(whole, { support: ROWS, sample: 1 });
    const [slicing] = report.sets[0]!.slicings;
    const raw = await query(
      `SELECT slicing, slice, support ${of} AND stage = 'raw' AND slice IS NOT NULL ORDER BY slice`,
    );
    const told = slicing!.slices.map(({ value, rows }) => ({ slicing: slicing!.name, slice: value, support: rows }));
    assert.deepEqual(
      raw,
      told.sort((a, b) => (a.slice < b.slice ? -1 : 1)),
    );
    assert.ok(raw.length > 1);
  });

  test('loads what drifted between two outputs', async () => {
    const target = ['--config', 'job.json', '--minimum-support', '5'];
    const { status, stderr } = await run('diff', 'counted', 'out', ...target);
    assert.ok(status === 0 || status === 7, stderr);
    const [row] = await query('SELECT COUNT(*) AS n, COUNT(DISTINCT CONCAT(run, before)) AS runs FROM `@@.drift`');
    assert.equal(row!.runs, 1);
    assert.ok(row!.n > 0);
  });

  test('whose load fails keeps the output, says so, and loads it later', async () => {
    const nobody = 'http://127.0.0.1:9';
    const failed = await run(
      'balance',
      'job.json',
      '--output',
      'late',
      '--rate',
      '0.1',
      '--bigquery.endpoint',
      nobody,
      '--quiet',
    );
    assert.equal(failed.status, 9, failed.stderr);
    assert.match(
      failed.stderr,
      /the output is complete at late; publishing it failed: .*ECONNREFUSED.* m4-balance publish late loads it again\.$/m,
    );
    assert.ok(readOutput(join(folder, 'late')).weights.length > 0);
    await done('publish', 'late', '--bigquery.endpoint', there!.input.endpoint, '--config', 'job.json', '--quiet');
    const { run: id } = readOutput(join(folder, 'late')).manifest;
    assert.equal((await query(`SELECT run FROM \`@@.runs\` WHERE run = '${id}'`)).length, 1);
  });
});
