/** The statistics job on a real Prism, against the direct runner: the same files, byte for byte. */
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { runStats } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { digests, scratch } from '../end-to-end/scratch.js';
import { saveCaptions } from './caption-files.js';

const prism = resolve(process.env.PRISM ?? '.runners/bin/prism');
const options = {
  skip: existsSync(prism) ? false : `no Prism at ${prism}: node scripts/runners/install-prism.mjs`,
  timeout: 10 * 60_000,
};

test('stats: the same on Prism as on the direct runner', options, async (t) => {
  const folder = scratch(t);
  await saveCaptions(folder, { rows: 10_000, rowGroupRows: 500 });
  const directory = join(folder, 'out');
  const outcomeOf = async (name: string, runner: object) => {
    const config = parseConfig({
      input: { files: join(folder, 'input') },
      filters: [{ words: { minimum: 5 } }, { unique: {} }],
      attributes: { female: { lexicon: 'gender', value: 'female' }, child: { lexicon: 'age', value: 'child' } },
      labels: [{ lexicon: 'occupations' }],
      output: { directory },
      stats: { slices: [{ attributes: { names: ['female', 'child'] } }], words: 500 },
      runner,
    });
    const { alreadyDone } = await runStats(config);
    assert.equal(alreadyDone, false);
    renameSync(directory, join(folder, name));
    return digests(join(folder, name));
  };
  const direct = await outcomeOf('direct', {});
  assert.deepEqual(Object.keys(direct), ['manifest.json', 'report.html', 'report.json', 'state.json']);
  for (const environment of ['external', 'process']) {
    const settings = { name: 'prism', prism, environment, parallelism: 2, timeout: 120 };
    assert.deepEqual(await outcomeOf(environment, settings), direct, environment);
  }
});
