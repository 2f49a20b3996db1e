/** `nightly` on tables of BigQuery, from a real emulator: a table a night, and the partitions of one table. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Progress, planNights, runBalance, runNightly } from '../../pipelines/index.js';
import { decodeDuals } from '../../schemas/duals.js';
import { latestSchema, ledgerSchema, type SetFile, setSchema } from '../../schemas/nightly.js';
import { afterNight, nightlyConfig, saveNight } from '../end-to-end/nights.js';
import { filesBelow, scratch } from '../end-to-end/scratch.js';
import { startEmulator } from './bigquery.js';

const emulator = await startEmulator();
const there = 'absent' in emulator ? undefined : emulator;
const options = { skip: 'absent' in emulator ? emulator.absent : false };
after(() => there?.stop());

const NIGHTS = ['2026-05-01', '2026-05-02', '2026-05-03'] as const;
const ROWS = 300;
const NIGHTLY = { window: '5d', gates: { rb: 'off', ab: 'off' } };
const COLUMNS = ['id', 'female', 'y_nurse', 'y_chef', 'y_news'];
const FIELDS = COLUMNS.map((name) => ({ name, type: name === 'id' ? 'STRING' : 'BOOLEAN' }));

const folder = mkdtempSync(join(tmpdir(), 'm4-balance-nights-'));
after(() => rmSync(folder, { recursive: true }));

const tableOf = (night: string) => `pairs_${night.replaceAll('-', '')}`;

/** Rows of a file behind those of a table. */
async function load(dataset: string, table: string, file: string): Promise<void> {
  const metadata = { sourceFormat: 'PARQUET', schema: { fields: FIELDS }, writeDisposition: 'WRITE_APPEND' };
  const [job] = await there!.bigquery.dataset(dataset).table(table).createLoadJob(file, metadata);
  await new Promise<void>((done, failed) => void job.once('complete', () => done()).once('error', failed));
}

async function fill(dataset: string, nights: readonly string[] = NIGHTS): Promise<void> {
  await there!.bigquery.createDataset(dataset, { location: 'EU' });
  for (const night of nights) await addNight(dataset, night);
}

/** The table of a night, with the rows that `localNights` has of it. */
async function addNight(dataset: string, night: string): Promise<void> {
  await there!.bigquery.dataset(dataset).createTable(tableOf(night), { schema: { fields: FIELDS } });
  await load(dataset, tableOf(night), join(folder, night, 'a.parquet'));
}

const drop = (dataset: string, night: string) => there!.bigquery.dataset(dataset).table(tableOf(night)).delete();

const configOf = (table: string, out: string, more: object = {}, nightly: object = {}) =>
  nightlyConfig('', out, { ...NIGHTLY, ...nightly }, { input: { bigquery: { ...there!.input, table, ...more } } });

/** What is in use: a trainer's files, whatever the folders are called, and the ledger. */
function inUse(out: string) {
  const read = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8'));
  const latest = latestSchema.parse(read('latest.json'));
  const told = ({ night, kind, format, rows, sha256 }: SetFile) => [night, kind, format, rows, sha256].join(' ');
  const ledger = ledgerSchema.parse(read(latest.ledger));
  const nights = Object.fromEntries(ledger.nights.map(({ night, rows }) => [night, rows]));
  return { latest, ledger, nights, files: setSchema.parse(read(latest.set)).files.map(told).sort() };
}

const dualsOf = (folder: string) => {
  const path = filesBelow(folder).find((file) => file.endsWith('duals.json'))!;
  return decodeDuals(readFileSync(join(folder, path), 'utf8'), path);
};

/** The sets of the nights as files, after each of them. */
const expected: ReturnType<typeof inUse>[] = [];
if (there !== undefined) {
  for (const [i, night] of NIGHTS.entries()) {
    await saveNight(folder, night, { seed: i + 1, association: 0.3 });
    await runNightly(nightlyConfig(folder, join(folder, 'out'), NIGHTLY), { now: afterNight(night) });
    expected.push(inUse(join(folder, 'out')));
  }
}
const now = afterNight(NIGHTS[2]);
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

const kinds = ({ compared }: Awaited<ReturnType<typeof planNights>>) =>
  compared.changes.map(({ night, kind }) => `${night} ${kind}`);

describe('a table a night', options, () => {
  const dataset = 'days';
  const table = `${dataset}.pairs_{yyyy}{mm}{dd}`;

  test('three nights: after each, the set is that of the files, byte for byte; again, nothing is new; the sum is one big run', async (t) => {
    const out = join(scratch(t), 'out');
    const config = configOf(table, out);
    await fill(dataset, []);
    for (const [i, night] of NIGHTS.entries()) {
      await addNight(dataset, night);
      const plan = await planNights(config, { now: afterNight(night) });
      assert.deepEqual(kinds(plan), [`${night} new`]);
      assert.equal(existsSync(`${out}.input`), false);
      await runNightly(config, { now: afterNight(night) });
      const { files, ledger } = inUse(out);
      assert.deepEqual(files, expected[i]!.files);
      assert.equal(ledger.nights.at(-1)!.inputs[0]!.path, `bigquery:${there!.project}.${dataset}.${tableOf(night)}`);
      assert.deepEqual(filesBelow(`${out}.input`), []);
      rmSync(`${out}.input`, { recursive: true, force: true });
    }
    const again = await runNightly(config, { now: later(1) });
    assert.equal(again.outcome, 'nothing new');
    assert.equal(inUse(out).latest.history.length, 3);

    const files = NIGHTS.map((night) => join(folder, night, '*.parquet'));
    const whole = nightlyConfig('', join(out, '..', 'whole'), {}, { input: { files } });
    await runBalance(whole);
    const [one, sum] = [dualsOf(whole.output.directory), dualsOf(join(out, 'runs', inUse(out).latest.run))];
    assert.ok(Math.abs(one.rate - sum.rate) < 1e-9);
    for (const [i, w] of one.w.entries()) assert.ok(Math.abs(w - sum.w[i]!) < 1e-6, `${i}: ${w} and ${sum.w[i]}`);
  });

  test('a night that is late, one that is replaced and one that is removed are found, and counted as they are', async (t) => {
    const own = 'late';
    const out = join(scratch(t), 'out');
    const config = configOf(`${own}.pairs_{yyyy}{mm}{dd}`, out);
    await fill(own, [NIGHTS[0], NIGHTS[2]]);
    await runNightly(config, { now });
    assert.deepEqual(inUse(out).nights, { [NIGHTS[0]]: ROWS, [NIGHTS[2]]: ROWS });
    assert.deepEqual((await planNights(config, { now })).compared.missing, [NIGHTS[1]]);

    await drop(own, NIGHTS[0]);
    await addNight(own, NIGHTS[1]);
    await drop(own, NIGHTS[2]);
    await addNight(own, NIGHTS[2]);
    assert.deepEqual(kinds(await planNights(config, { now })), [
      `${NIGHTS[0]} removed`,
      `${NIGHTS[1]} new`,
      `${NIGHTS[2]} changed`,
    ]);
    await runNightly(config, { now: later(1) });
    assert.deepEqual(inUse(out).nights, { [NIGHTS[1]]: ROWS, [NIGHTS[2]]: ROWS });
    await load(own, tableOf(NIGHTS[1]), await saveNight(folder, 'more', { rows: 40, seed: 9 }));
    await runNightly(config, { now: later(2) });
    assert.deepEqual(inUse(out).nights, { [NIGHTS[1]]: ROWS + 40, [NIGHTS[2]]: ROWS });
    assert.equal((await runNightly(config, { now: later(3) })).outcome, 'nothing new');
  });

  test('a copy that was broken off is made again, and the nights are published once', async (t) => {
    const own = 'killed';
    const out = join(scratch(t), 'out');
    const config = configOf(`${own}.pairs_{date}`, out);
    await there!.bigquery.createDataset(own, { location: 'EU' });
    for (const night of NIGHTS) {
      await there!.bigquery.dataset(own).createTable(`pairs_${night}`, { schema: { fields: FIELDS } });
      await load(own, `pairs_${night}`, join(folder, night, 'a.parquet'));
    }
    /** Stops before the first row of a copy is there, or when they all are. Resolves to the copies that were begun, and those that were taken up. */
    const attempt = async (stopAt?: 'copying' | 'copied', count = 1) => {
      const stop = new AbortController();
      const [begun, taken]: [string[], string[]] = [[], []];
      let copied = 0;
      const onLog = (_level: unknown, message: string) => {
        const night = /pairs_(2026-05-0\d)/.exec(message)?.[1];
        if (message.startsWith('copying ')) begun.push(night!);
        if (message.endsWith(': copied before')) taken.push(night!);
        if (stopAt === 'copying' && begun.length === count) stop.abort(new Error('stopped'));
      };
      const onProgress = ({ phase }: Progress) => {
        if (phase === 'copy from BigQuery' && stopAt === 'copied' && ++copied === count)
          stop.abort(new Error('stopped'));
      };
      const run = runNightly(config, { now }, { onLog, onProgress, signal: stop.signal });
      if (stopAt === undefined) await run;
      else {
        await assert.rejects(run, /^Error: stopped$/);
        assert.equal(existsSync(join(out, 'latest.json')), false);
      }
      return { begun, taken: [...new Set(taken)] };
    };
    const partial = () => filesBelow(`${out}.input`).filter((path) => path.includes('.partial'));
    assert.deepEqual(await attempt('copying'), { begun: [NIGHTS[0]], taken: [] });
    assert.equal(partial().length, 1);
    assert.deepEqual(await attempt('copied'), { begun: [NIGHTS[0]], taken: [] });
    assert.deepEqual(partial(), []);
    assert.deepEqual(await attempt('copying'), { begun: [NIGHTS[1]], taken: [NIGHTS[0]] });
    assert.equal(partial().length, 1);
    assert.deepEqual(await attempt(), { begun: [NIGHTS[1], NIGHTS[2]], taken: [...NIGHTS] });
    const unbroken = join(out, '..', 'unbroken');
    await runNightly(nightlyConfig(folder, unbroken, NIGHTLY), { now });
    assert.deepEqual(inUse(out).files, inUse(unbroken).files);
    assert.deepEqual(filesBelow(`${out}.input`), []);
    assert.equal(inUse(out).latest.history.length, 1);
  });

  test('a table that is written to in mid-run is told; the next run has it as it is', async (t) => {
    const own = 'midrun';
    const out = join(scratch(t), 'out');
    const config = configOf(`${own}.pairs_{yyyy}{mm}{dd}`, out);
    await fill(own);
    const more = await saveNight(folder, 'more', { rows: 40, seed: 9 });
    let written = false;
    const onEvent = async ({ event, ...rest }: { readonly event: string; readonly stage?: string }) => {
      if (event !== 'stage' || rest.stage !== 'fitted' || written) return;
      written = true;
      await load(own, tableOf(NIGHTS[1]), more);
    };
    await assert.rejects(runNightly(config, { now }, { onEvent } as never), {
      name: 'ChangedError',
      message: /midrun\.pairs_20260502: expected the table of .*300 rows, got one of .*340 rows/,
    });
    assert.equal(existsSync(join(out, 'latest.json')), false);
    await runNightly(config, { now });
    assert.deepEqual(Object.values(inUse(out).nights), [ROWS, ROWS + 40, ROWS]);
  });
});

describe('a table of partitions', options, () => {
  const dataset = 'parts';

  /** The rows of the nights' tables in one, by day. */
  async function partition(table: string, nights: readonly string[]): Promise<void> {
    const fields = [...FIELDS, { name: 'day', type: 'DATE' }];
    await there!.bigquery.dataset(dataset).createTable(table, {
      schema: { fields },
      timePartitioning: { type: 'DAY', field: 'day' },
    });
    for (const night of nights) await insert(table, night);
  }
  const insert = (table: string, night: string, limit = ROWS) =>
    there!.query(
      `INSERT INTO ${dataset}.${table} (${COLUMNS.join()}, day) SELECT ${COLUMNS.join()}, DATE '${night}' FROM ${dataset}.${tableOf(night)} ORDER BY id LIMIT ${limit}`,
    );
  const remove = (table: string, night: string) =>
    there!.query(`DELETE FROM ${dataset}.${table} WHERE day = DATE '${night}'`);

  test('each partition is a night: found, copied and counted by itself; late, replaced and removed ones too', async (t) => {
    await fill(dataset);
    await partition('pairs', [NIGHTS[0]]);
    const out = join(scratch(t), 'out');
    const config = configOf(`${dataset}.pairs`, out, { columns: COLUMNS });
    await there!.query(
      `INSERT INTO ${dataset}.pairs (id, female, day) VALUES ('no day', TRUE, NULL), ('long ago', TRUE, DATE '2020-01-01')`,
    );
    await runNightly(config, { now: afterNight(NIGHTS[0]) });
    assert.deepEqual(inUse(out).nights, { [NIGHTS[0]]: ROWS });
    await insert('pairs', NIGHTS[2]);
    await runNightly(config, { now });
    const { inputs } = inUse(out).ledger.nights.at(-1)!;
    assert.equal(inputs[0]!.path, `bigquery:${there!.project}.${dataset}.pairs$20260503`);
    assert.deepEqual((await planNights(config, { now })).compared.missing, [NIGHTS[1]]);

    await insert('pairs', NIGHTS[1]);
    assert.deepEqual(kinds(await planNights(config, { now })), [`${NIGHTS[1]} new`]);
    assert.deepEqual(filesBelow(`${out}.input`), []);
    await runNightly(config, { now: later(1) });
    const { ledger, nights } = inUse(out);
    assert.deepEqual(nights, { [NIGHTS[0]]: ROWS, [NIGHTS[1]]: ROWS, [NIGHTS[2]]: ROWS });
    const digests = (of: typeof ledger) => of.nights.map(({ digest }) => digest);
    assert.deepEqual(digests(ledger), digests(expected[2]!.ledger));

    await remove('pairs', NIGHTS[0]);
    await remove('pairs', NIGHTS[2]);
    await insert('pairs', NIGHTS[2], 250);
    assert.deepEqual(kinds(await planNights(config, { now })), [`${NIGHTS[0]} removed`, `${NIGHTS[2]} changed`]);
    await runNightly(config, { now: later(2) });
    assert.deepEqual(inUse(out).nights, { [NIGHTS[1]]: ROWS, [NIGHTS[2]]: 250 });
    assert.equal((await runNightly(config, { now: later(3) })).outcome, 'nothing new');
    assert.equal(inUse(out).latest.history.length, 4);
  });

  test('with scope window, all partitions are copied and written again', async (t) => {
    await partition('window', [NIGHTS[0]]);
    const out = join(scratch(t), 'out');
    const config = configOf(`${dataset}.window`, out, { columns: COLUMNS }, { scope: 'window' });
    await runNightly(config, { now: afterNight(NIGHTS[0]) });
    await insert('window', NIGHTS[1]);
    await runNightly(config, { now: afterNight(NIGHTS[1]) });
    const { ledger } = inUse(out);
    assert.deepEqual(new Set(ledger.nights.map(({ run }) => run)), new Set([ledger.run]));
    assert.deepEqual(filesBelow(`${out}.input`), []);
  });

  test('tables without nights are told', async (t) => {
    const out = join(scratch(t), 'out');
    const fails = (table: string, message: RegExp) =>
      assert.rejects(planNights(configOf(`${dataset}.${table}`, out), { now }), { name: 'InputError', message });
    const make = (table: string, timePartitioning?: { type: string; field?: string }) =>
      there!.bigquery.dataset(dataset).createTable(table, {
        schema: { fields: [...FIELDS, { name: 'time', type: 'TIMESTAMP' }] },
        ...(timePartitioning && { timePartitioning }),
      });
    await make('plain');
    await make('hours', { type: 'HOUR', field: 'time' });
    await make('ingested', { type: 'DAY' });
    await make('times', { type: 'DAY', field: 'time' });
    await there!.query(`CREATE VIEW ${dataset}.seen AS SELECT * FROM ${dataset}.plain`);
    await fails('plain', /parts\.plain: expected a table partitioned by day.*got one without such partitions/);
    await fails('hours', /got one partitioned by HOUR/);
    await fails('ingested', /got one partitioned by the time of ingestion/);
    await fails('times', /got one partitioned by time, of type TIMESTAMP/);
    await fails('seen', /expected a table, got a view/);
    await fails('absent', /expected a table that can be read, got none/);
    await assert.rejects(runBalance(configOf(`${dataset}.pairs_{date}`, out)), {
      name: 'ConfigError',
      message: /input\.bigquery\.table: .*the day in its name, as only nightly reads them/,
    });
  });
});
