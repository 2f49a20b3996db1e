/** `nightly` on a real Prism: the same sets as on the direct runner, byte for byte, by the real command. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { runNightly } from '../../pipelines/index.js';
import { latestSchema, ledgerSchema, setSchema } from '../../schemas/nightly.js';
import { run } from '../end-to-end/command.js';
import { afterNight, nightlyConfig, saveNight } from '../end-to-end/nights.js';
import { scratch } from '../end-to-end/scratch.js';

const prism = resolve(process.env.PRISM ?? '.runners/bin/prism');
const options = {
  skip: existsSync(prism) ? false : `no Prism at ${prism}: node scripts/runners/install-prism.mjs`,
  timeout: 5 * 60_000,
};
const NIGHTS = ['2026-05-01', '2026-05-02', '2026-05-03'] as const;
const NIGHTLY = { window: '5d', gates: { rb: 'off', ab: 'off' } };

/** What latest.json leads to, of files what their bytes are, and of the ledger what does not depend on where it lies. */
function inUse(out: string) {
  const json = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8'));
  const latest = latestSchema.parse(json('latest.json'));
  const { figures, nights, gates } = ledgerSchema.parse(json(latest.ledger));
  const duals = json(join('runs', latest.run, 'duals.json'));
  const digests = nights.map(({ night, digest, rows, kept }) => ({ night, digest, rows, kept }));
  return { run: latest.run, files: setSchema.parse(json(latest.set)).files, figures, digests, gates, duals };
}

test('two nights caught up and a third: the same sets as on the direct runner', options, async (t) => {
  const folder = scratch(t);
  const [data, direct, out] = ['data', 'direct', 'prism'].map((name) => join(folder, name)) as [string, string, string];
  for (const [i, night] of NIGHTS.entries()) {
    await saveNight(data, night, { seed: i + 1 });
    if (i === 0) continue;
    const now = afterNight(night);
    await runNightly(nightlyConfig(data, direct, NIGHTLY), { now });
    const { code, stdout, stderr } = await run([
      ...['nightly', '--runner', 'prism', '--runner.prism', prism, '--now', now.toISOString(), '--json'],
      ...['--input', join(data, '{date}', '*.parquet'), '--output', out, '--rate', 'auto'],
      ...['--attributes', '{female: {column: female, target: 0.5}}', '--labels', '[{columns: ["y_*"]}]'],
      ...['--balance.tolerance', '{rb: 0.01, ab: 0.02}', '--output.formats', 'arrow', '--output.weights', 'none'],
      ...['--report.rates', '0', '--nightly.window', '5d', '--nightly.gates.rb', 'off', '--nightly.gates.ab', 'off'],
    ]);
    assert.equal(code, 0, `${stderr}${stdout}`);
    assert.match(stdout, /"event":"publish"/);
    const [mine, theirs] = [inUse(out), inUse(direct)];
    assert.deepEqual(mine, theirs);
    assert.deepEqual([mine.figures.nights, mine.figures.rows], [i + 1, 300 * (i + 1)]);
    for (const { path } of mine.files)
      assert.deepEqual(readFileSync(join(out, path)), readFileSync(join(direct, path)));
  }
});
