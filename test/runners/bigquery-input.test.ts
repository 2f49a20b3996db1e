/** Tables and queries of BigQuery as input, from a real emulator by its REST and its Storage Read interface. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { type Progress, planBalance, planStats, runBalance, runStats } from '../../pipelines/index.js';
import type { BigQueryInput } from '../../schemas/bigquery.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { readOutput, readWeights } from '../end-to-end/outputs.js';
import { digests, filesBelow, scratch } from '../end-to-end/scratch.js';
import { startEmulator } from './bigquery.js';
import { saveCaptions } from './caption-files.js';

const emulator = await startEmulator();
const there = 'absent' in emulator ? undefined : emulator;
const options = { skip: 'absent' in emulator ? emulator.absent : false };
after(() => there?.stop());

const DATASET = 'pairs';
const FILES = ['coco_val2017_captions', 'cc3m_val'];
/** More than a megabyte of captions: the emulator cuts only such a table into streams. */
const ROWS_OF_FILE = 15_000;
const ROWS = FILES.length * ROWS_OF_FILE;

const SCHEMA = { fields: ['id', 'text'].map((name) => ({ name, type: 'STRING' })) };

/** Rows of a file behind those of a table. */
async function append(table: string, file: string, sourceFormat: string) {
  const metadata = { sourceFormat, schema: SCHEMA, writeDisposition: 'WRITE_APPEND' };
  const [job] = await there!.bigquery.dataset(DATASET).table(table).createLoadJob(file, metadata);
  await new Promise<void>((done, failed) => void job.once('complete', () => done()).once('error', failed));
}

/** The table `captions` (id, text, width) from Parquet, and a view of it. */
async function fill() {
  const { bigquery, query, project } = there!;
  await bigquery.createDataset(DATASET, { location: 'EU' });
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-'));
  after(() => rmSync(folder, { recursive: true }));
  const input = await saveCaptions(folder, { rows: ROWS_OF_FILE, rowGroupRows: 5_000 });
  await bigquery.dataset(DATASET).createTable('captions', { schema: SCHEMA });
  for (const name of FILES) await append('captions', join(input, `${name}.parquet`), 'PARQUET');
  await query(
    `CREATE VIEW \`${project}.${DATASET}.long\` AS SELECT * FROM \`${project}.${DATASET}.captions\` WHERE LENGTH(text) > (SELECT AVG(LENGTH(text)) FROM \`${project}.${DATASET}.captions\`)`,
  );
}

if (there !== undefined) await fill();

function configOf(directory: string, bigquery: Partial<BigQueryInput>, more: object = {}) {
  return parseConfig({
    input: { bigquery: { ...there!.input, streams: 4, ...bigquery } },
    attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
    labels: [{ lexicon: 'occupations' }],
    balance: { tolerance: { representation: 0.01, association: 0.001 } },
    output: { directory, shardRows: 10_000 },
    ...more,
  });
}

/** A file of the copy that a run made. */
function copied(directory: string, name: string): string | undefined {
  const file = filesBelow(`${directory}.input`).find((path) => basename(path) === name);
  return file && join(`${directory}.input`, file);
}

async function ids(directory: string): Promise<string[]> {
  return (await readWeights(readOutput(directory).weights)).map(({ id }) => String(id));
}

test('a table is read whole, in several streams, each row once', options, async (t) => {
  const directory = join(scratch(t), 'out');
  const phases = new Set<string>();
  const { report } = await runBalance(configOf(directory, { table: `${DATASET}.captions` }), {
    onProgress: ({ phase }) => void phases.add(phase),
  });
  assert.equal(report.rows.read, ROWS);
  assert.ok(phases.has('copy from BigQuery'));
  assert.ok(filesBelow(`${directory}.input`).filter((f) => f.endsWith('.arrows')).length > 1);
  const expected = await there!.query(`SELECT id FROM \`${DATASET}.captions\``);
  assert.deepEqual((await ids(directory)).sort(), expected.map(({ id }) => id).sort());
});

test(
  'the same command again copies nothing, and does nothing; a table that was written to is copied anew',
  options,
  async (t) => {
    const { query } = there!;
    await query(`CREATE TABLE ${DATASET}.changing AS SELECT * FROM ${DATASET}.captions LIMIT 500`);
    const directory = join(scratch(t), 'out');
    const config = configOf(directory, { table: `${DATASET}.changing` }, { output: { directory, overwrite: true } });
    assert.equal((await runBalance(config)).alreadyDone, false);
    const before = digests(directory);
    const file = copied(directory, 'stream-00000.arrows')!;
    const time = statSync(file).mtimeMs;
    assert.equal((await runBalance(config)).alreadyDone, true);
    assert.equal(statSync(file).mtimeMs, time);
    assert.deepEqual(digests(directory), before);

    const more = join(directory, '..', 'more.jsonl');
    writeFileSync(more, '{"id": "new", "text": "a woman who is a doctor"}\n');
    await append('changing', more, 'NEWLINE_DELIMITED_JSON');
    const { report, alreadyDone } = await runBalance(config);
    assert.equal(alreadyDone, false);
    assert.equal(report.rows.read, 501);
    assert.ok((await ids(directory)).includes('new'));
  },
);

test(
  'a copy that was broken off is made again; of one that is being made, another run keeps away',
  options,
  async (t) => {
    const directory = join(scratch(t), 'out');
    const config = configOf(directory, { table: `${DATASET}.captions` });
    const stop = new AbortController();
    const onProgress = ({ phase }: Progress) => {
      if (phase === 'copy from BigQuery') stop.abort(new Error('stopped'));
    };
    await assert.rejects(runBalance(config, { onProgress, signal: stop.signal }), /^Error: stopped$/);
    const [owner] = filesBelow(`${directory}.input`).filter((path) => basename(path) === 'owner.json');
    assert.ok(owner !== undefined);
    assert.ok(filesBelow(`${directory}.input`).every((path) => path.includes('.partial')));

    const path = join(`${directory}.input`, owner);
    const { host } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ pid: process.ppid, host }));
    await assert.rejects(runBalance(config), { name: 'InputError', message: /no other run into the same output/ });
    writeFileSync(path, JSON.stringify({ pid: process.pid, host }));
    assert.equal((await runBalance(config)).report.rows.read, ROWS);
    assert.ok(filesBelow(`${directory}.input`).every((path) => !path.includes('.partial')));
  },
);

test('a query, and a view, are read as their rows', options, async (t) => {
  const folder = scratch(t);
  const [{ n }] = (await there!.query(`SELECT COUNT(*) AS n FROM ${DATASET}.long`)) as [{ n: number }];
  assert.ok(n > 0 && n < ROWS);
  const query = `SELECT id AS uid, text AS caption FROM ${DATASET}.captions WHERE LENGTH(text) > (SELECT AVG(LENGTH(text)) FROM ${DATASET}.captions)`;
  const queried = await runBalance(configOf(join(folder, 'query'), { query, scratch: DATASET }));
  const viewed = await runBalance(configOf(join(folder, 'view'), { table: `${DATASET}.long`, scratch: DATASET }));
  assert.deepEqual([queried.report.rows.read, viewed.report.rows.read], [n, n]);
});

test('tables side by side each have a copy of their own', options, async (t) => {
  const directory = join(scratch(t), 'out');
  const long = { bigquery: { ...there!.input, table: `${DATASET}.long`, scratch: DATASET } };
  const config = configOf(directory, { table: `${DATASET}.captions` }, { stats: { sets: { long } } });
  const [{ n }] = (await there!.query(`SELECT COUNT(*) AS n FROM ${DATASET}.long`)) as [{ n: number }];
  const planned = await planStats(config);
  assert.deepEqual(
    planned.parts.map(({ rows }) => rows),
    [ROWS, n],
  );
  assert.equal(existsSync(`${directory}.input`), false);
  const { report } = await runStats(config);
  assert.deepEqual(
    report.sets.map(({ rows }) => rows.read),
    [ROWS, n],
  );
});

test('only the columns that are named are read', options, async (t) => {
  const directory = join(scratch(t), 'out');
  await runBalance(configOf(directory, { table: `${DATASET}.captions`, columns: ['text'] }));
  // No column is the id: the global row number is.
  assert.deepEqual(
    await ids(directory),
    Array.from({ length: ROWS }, (_, i) => String(i)),
  );
});

test('a dry run copies nothing, and knows the columns and the rows', options, async (t) => {
  const directory = join(scratch(t), 'out');
  const plan = await planBalance(configOf(directory, { table: `${DATASET}.captions` }));
  assert.deepEqual(
    plan.columns.map(({ name, type }) => [name, type]),
    [
      ['id', 'Utf8'],
      ['text', 'Utf8'],
    ],
  );
  assert.deepEqual(
    plan.files.map(({ path, rows }) => [path, rows]),
    [[`${there!.project}.${DATASET}.captions`, ROWS]],
  );
  assert.equal(plan.rows, ROWS);
  assert.equal(existsSync(`${directory}.input`), false);
});

test(
  'an empty table, a table that is not there, a query that cannot be, and a statement are told',
  options,
  async (t) => {
    const { query } = there!;
    await query(`CREATE TABLE ${DATASET}.nothing (id STRING, text STRING)`);
    const directory = join(scratch(t), 'out');
    const fails = (bigquery: Partial<BigQueryInput>, message: RegExp) =>
      assert.rejects(runBalance(configOf(directory, bigquery)), { name: 'InputError', message });
    await fails({ table: `${DATASET}.nothing` }, /nothing to balance: .*the input has no rows/);
    await fails({ table: `${DATASET}.absent` }, /pairs\.absent: expected a table that can be read, got Not found/);
    await fails(
      { query: `SELECT none FROM ${DATASET}.captions` },
      /query "SELECT none.*: expected a query that gives rows, got/,
    );
    await fails(
      { query: `CREATE TABLE ${DATASET}.made AS SELECT 1 AS a` },
      /expected a query that gives rows, got CREATE_TABLE/,
    );
    await fails({ table: `${DATASET}.captions`, columns: ['absent'] }, /expected a table that can be read, got/);
  },
);

test('no emulator, no table: the sentence says who is at fault', async (t) => {
  const endpoint = 'http://127.0.0.1:9';
  const bigquery = { project: 'p', table: 'd.t', endpoint, readEndpoint: '127.0.0.1:9' };
  const directory = join(scratch(t), 'out');
  const config = parseConfig({
    input: { bigquery },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    output: { directory },
  });
  await assert.rejects(runBalance(config), {
    name: 'ServiceError',
    message:
      /^BigQuery: p\.d\.t: expected a table that can be read, got .*ECONNREFUSED.* BigQuery or the network is at fault: try again later\.$/,
  });
});
