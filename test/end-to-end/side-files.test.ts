/** Side files of vectors that are absent or bad: their rows are unreadable, to every pass alike. */
import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Field, List, Utf8 } from 'apache-arrow';
import { runBalance, runStats } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import type { StatsReport } from '../../schemas/stats-report.js';
import { batchOf, saveNpy, saveParquet } from './inputs.js';
import { readJson, readOutput, readWeights } from './outputs.js';
import { scratch } from './scratch.js';

const ROWS = 60;
const GROUP = 25;
const FILES = 4;

/** Files a.parquet and so on, of rows with an id, two tags and, beside them, vectors; that of file `i` is `side-i.npy`. */
async function inputs(folder: string): Promise<void> {
  for (let file = 0; file < FILES; file++) {
    const ids = Array.from({ length: ROWS }, (_, i) => file * ROWS + i);
    await saveParquet(
      join(folder, `part-${file}.parquet`),
      batchOf([
        ['id', { type: new Utf8(), values: ids.map(String) }],
        [
          'tags',
          { type: new List(new Field('item', new Utf8(), true)), values: ids.map((i) => [`t${i % 2}`, `f${file}`]) },
        ],
      ]),
      GROUP,
    );
    saveNpy(
      join(folder, `side-${file}.npy`),
      ids.map((i) => [i % 3 === 0 ? 1 : -1, 0.5]),
    );
  }
  const weights = { classes: ['yes'], weights: [[1, 0]], bias: [0] };
  writeFileSync(join(folder, 'probe.json'), JSON.stringify(weights));
}

const jobOf = (folder: string, maximumBad: number, more: object = {}) => ({
  input: { files: join(folder, '*.parquet'), maximumBad },
  models: {
    yes: { probe: join(folder, 'probe.json'), embedding: { file: 'side-{number}.npy' }, normalise: false },
    // Beside one that has every vector: a row is lost to all models.
    all: { probe: join(folder, 'probe.json'), embedding: { file: join(folder, 'side-0.npy') }, normalise: false },
  },
  filters: [{ unique: {} }],
  attributes: { female: { column: 'yes.yes', threshold: 0.5, target: 0.5 } },
  labels: [{ list: 'tags' }],
  balance: { rate: 0.2 },
  output: { directory: join(folder, 'out'), overwrite: true },
  ...more,
});

for (const fit of ['exact', 'stream', 'online'] as const) {
  test(`rows without their side file count as unreadable, and no pass of the ${fit} fit sees them`, async (t) => {
    const folder = scratch(t);
    await inputs(folder);
    rmSync(join(folder, 'side-1.npy'));
    truncateSync(join(folder, 'side-3.npy'), 200);
    const balance = { rate: 0.2, fit };
    await assert.rejects(runBalance(parseConfig(jobOf(folder, 0.49, { balance }))), {
      name: 'InputError',
      message: /input\.maximumBad: expected at most 49 % of the rows .*got 50\.0 %: .*side-1\.npy.*; .*side-3\.npy/,
    });
    const logs: string[] = [];
    await runBalance(parseConfig(jobOf(folder, 0.5, { balance })), { onLog: (_level, text) => logs.push(text) });
    const output = readOutput(join(folder, 'out'));
    const { rows } = output.report;
    assert.equal(rows.read, FILES * ROWS);
    assert.equal(rows.dropped.unreadable, 2 * ROWS);
    assert.ok(
      logs.some((text) => /120 rows cannot be scored: .*side-1\.npy/.test(text)),
      logs.join('\n'),
    );
    assert.ok(
      logs.some((text) => /model yes: 120 of 120 rows have scores/.test(text)),
      logs.join('\n'),
    );
    assert.ok(!logs.some((text) => /beginning again/.test(text)), 'one attempt is enough');
    const weights = await readWeights(output.weights);
    const files = new Set(
      weights.filter(({ labels }) => labels.length > 0).map(({ id }) => Math.floor(Number(id) / ROWS)),
    );
    assert.deepEqual([...files].sort(), [0, 2]);
    assert.ok(
      weights.every(({ labels }) => !labels.includes('f1') && !labels.includes('f3')),
      'no label of a lost row',
    );
  });
}

test('the same of statistics; a side file that comes back is read by the same command', async (t) => {
  const folder = scratch(t);
  await inputs(folder);
  rmSync(join(folder, 'side-2.npy'));
  await assert.rejects(runStats(parseConfig(jobOf(folder, 0.2))), /side-2\.npy/);
  saveNpy(
    join(folder, 'side-2.npy'),
    Array.from({ length: ROWS }, (_, i) => [i % 3 === 0 ? 1 : -1, 0.5]),
  );
  await runStats(parseConfig(jobOf(folder, 0.2)));
  const report = readJson<StatsReport>(folder, 'out', 'report.json');
  assert.equal(report.sets[0]!.rows.read, FILES * ROWS);
  assert.equal(report.sets[0]!.rows.dropped.unreadable, undefined);
});
