import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepareJob } from '../../pipelines/prepare.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { scratch } from '../end-to-end/scratch.js';

test('a run is the same on every runner: neither its name nor its job tells which', async (t) => {
  const folder = scratch(t);
  const files = join(folder, 'a.parquet');
  await saveParquet(files, demoBatch(1, 0, 20));
  const jobOn = (runner: object, seed = 1) =>
    prepareJob(
      parseConfig({
        input: { files },
        attributes: { female: { lexicon: 'gender', value: 'female' } },
        balance: { seed },
        output: { directory: join(folder, 'out') },
        runner,
      }),
    );
  const direct = await jobOn({});
  const flink = await jobOn({ name: 'flink', endpoint: 'localhost:1', parallelism: 8, options: { a: 'b' } });
  assert.deepEqual(flink, direct);
  assert.ok(!('runner' in direct.config));
  assert.notEqual((await jobOn({}, 2)).run, direct.run);
});
