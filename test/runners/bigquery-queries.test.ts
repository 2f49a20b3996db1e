/** The view and the queries of docs/bigquery.md, as they stand there, on a real emulator. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { publishRun } from '../../pipelines/index.js';
import { publishDrift } from '../../pipelines/publish.js';
import { buildReport } from '../../transforms/stats/report.js';
import { finishedRun } from '../transforms/stats/run.js';
import { startEmulator } from './bigquery.js';
import { saveRun } from './bigquery-run.js';
import { DRIFT } from './drift.js';

const emulator = await startEmulator();
const there = 'absent' in emulator ? undefined : emulator;
const options = { skip: 'absent' in emulator ? emulator.absent : false };
after(() => there?.stop());

const DATASET = 'bias';
const RUN = 'abcdef0123456789';

/** The sentence before each query, and the query. */
const queries = [
  ...readFileSync('docs/bigquery.md', 'utf8').matchAll(/([^\n]+)\n\n```sql\n([^`]*(?:`[^`]+`[^`]*)*?)```/g),
].map(([, sentence, sql]) => ({
  sentence: sentence!,
  sql: sql!.replaceAll('my-project.bias', `${there?.project}.${DATASET}`),
}));

async function rowsOf(start: string): Promise<Record<string, any>[]> {
  const found = queries.filter(({ sentence }) => sentence.startsWith(start));
  assert.equal(found.length, 1, start);
  return there!.query(found[0]!.sql);
}

if (there !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-'));
  after(() => rmSync(folder, { recursive: true }));
  const bigquery = there.target(DATASET, { weights: true, name: 'web' });
  await publishRun(await saveRun(folder, RUN), { bigquery });
  const date = new Date().toISOString().slice(0, 10);
  await publishDrift({ run: RUN, before: 'aaaa', date, figures: [DRIFT] }, bigquery, {});
  for (const { sql } of queries.filter(({ sql }) => sql.startsWith('CREATE'))) await there.query(sql);
}

const near = (a: number | null, b: number | null) => assert.ok(Math.abs(a! - b!) < 1e-11, `${a} ${b}`);

describe('docs/bigquery.md', options, () => {
  const asked = queries.filter(({ sql }) => !sql.startsWith('CREATE'));
  test('has a view and queries', () => assert.deepEqual([queries.length - asked.length, asked.length], [1, 8]));

  for (const { sentence, sql } of asked) {
    test(`answers: ${sentence}`, async () => assert.ok((await there!.query(sql)).length > 0, 'no row'));
  }

  test('the view has the figures of the report, stage by stage', async () => {
    const rows = await rowsOf('Did balancing help?');
    const { bias } = buildReport(finishedRun());
    assert.deepEqual(
      rows.map((r) => r.stage),
      bias.map((b) => b.stage),
    );
    for (const [i, { attributes, ab, ess }] of bias.entries()) {
      near(rows[i]!.share, attributes[0]!.share);
      near(rows[i]!.representation_bias, attributes[0]!.rb);
      near(rows[i]!.association_bias, ab);
      assert.ok(Math.abs(rows[i]!.effective_examples - ess) < 1e-8);
    }
  });

  test('a gain is the difference of the two stages, and drops are all rows that are not kept', async () => {
    const [worst] = buildReport(finishedRun()).pairs;
    const gains = await rowsOf('What did balancing do');
    const [gain] = gains.filter(({ label }) => label === worst!.label);
    near(gain!.raw, worst!.raw.ab);
    near(gain!.balanced, worst!.balanced!.ab);
    near(gain!.gain, worst!.raw.ab! - worst!.balanced!.ab!);
    const { read, kept } = buildReport(finishedRun()).rows;
    const drops = await rowsOf('Where do the rows go?');
    assert.equal(
      drops.reduce((sum, { rows }) => sum + rows, 0),
      read - kept,
    );
  });
});
