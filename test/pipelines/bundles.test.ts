import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Field, List, Utf8 } from 'apache-arrow';
import { partialOf, prepareJob } from '../../pipelines/prepare.js';
import { parseConfig } from '../../schemas/parse-config.js';
import type { Split } from '../../schemas/split.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { encodePatterns } from '../../transforms/balance/pattern-bytes.js';
import type { PatternTable } from '../../transforms/balance/pattern-table.js';
import { createProblem } from '../../transforms/balance/problem.js';
import { gatherPatterns } from '../../transforms/balance/range-files.js';
import { beginJob, dataPath, type Job, saveBytes, workPath } from '../../transforms/read/job.js';
import { splitsOf } from '../../transforms/read/plan.js';
import { combineCounts, count, decodeCounted, mergeAllCounts } from '../../transforms/stats/count.js';
import { encodeCounts } from '../../transforms/stats/counts.js';
import { combineListed, listedLabels, mergeListed } from '../../transforms/tag/listed.js';
import { selectTags } from '../../transforms/tag/select.js';
import { openStage, type Stage } from '../../transforms/tag/stage.js';
import { decodeVerdicts, encodeVerdicts } from '../../transforms/tag/verdicts.js';
import { combineOnline, decodeOnline, mergeOnline, onlineWrite } from '../../transforms/write/online.js';
import { shardRanges, unitsOf } from '../../transforms/write/shards.js';
import { mergeAllWritten, write } from '../../transforms/write/write.js';
import { decodeWritten, type Written } from '../../transforms/write/written.js';
import { batchOf, saveParquet } from '../end-to-end/inputs.js';
import { filesBelow, scratch } from '../end-to-end/scratch.js';
import { BagStates, mergePhase, runBundle } from './bundles.js';

const ROWS = 3_000;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function begin(t: TestContext, balance: object = {}): Promise<{ job: Job; staging: string; stage: Stage }> {
  const folder = scratch(t);
  const file = join(folder, 'in.parquet');
  await saveParquet(file, demoBatch(5, 0, ROWS), 100);
  const directory = join(folder, 'out');
  const config = parseConfig({
    input: { files: file },
    filters: [{ words: { minimum: 4 } }],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.4, utility: 'clip_l14_similarity_score', ...balance },
    report: { examples: 3 },
    output: { directory, formats: ['parquet'], shardRows: 90 },
  });
  const job = await prepareJob(config);
  const staging = partialOf(directory);
  await beginJob(staging, job);
  return { job, staging, stage: await openStage(staging) };
}

/** The elements in bundles of this many. */
function cut<T>(elements: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(elements.length / size) }, (_, i) => elements.slice(i * size, (i + 1) * size));
}

/** Every third bundle fails after half its elements and is run again; every fifth is run twice, the first one's outputs thrown away. */
async function withFailures<I, O>(ref: Parameters<typeof runBundle<I, O>>[0], bundles: readonly I[][]): Promise<O[]> {
  const outputs: O[] = [];
  for (const [i, bundle] of bundles.entries()) {
    if (i % 3 === 1) await runBundle(ref, bundle.slice(0, Math.ceil(bundle.length / 2)), { finish: false });
    if (i % 5 === 2) await runBundle(ref, bundle);
    outputs.push(...(await runBundle(ref, bundle)));
  }
  return outputs;
}

for (const patterns of [1_000_000, 200, 20]) {
  test(`counts with at most ${patterns} patterns do not depend on bundles, their order or failures`, async (t) => {
    const { job, staging } = await begin(t, { patterns });
    const splits = [...splitsOf(job.plan)];
    const counted = async (bundles: readonly Split[][], reverse: boolean) => {
      const partials = await withFailures(count(staging), bundles);
      const bytes = await mergePhase(partials, combineCounts(staging), mergeAllCounts(staging), reverse);
      const { counts, ranges } = decodeCounted(bytes);
      const c = counts.exits[0]!.labels;
      const { table, sample } = await gatherPatterns(ranges, { m: 1, c, limit: patterns });
      const encoded = (of: PatternTable) => hex(encodePatterns(of));
      const sampled = sample && { ...sample, table: encoded(sample.table), kept: encoded(sample.kept) };
      return { counts: hex(encodeCounts(counts)), table: encoded(table), level: table.level, sampled };
    };
    const whole = await counted([splits], false);
    assert.ok(splits.length === ROWS / 100 && whole.level >= (patterns < 100 ? 3 : 0));
    for (const size of [1, 4, 13]) assert.deepEqual(await counted(cut(splits, size), true), whole);
  });
}

test('shards written by bundles that fail, are repeated or never end are those of one bundle', async (t) => {
  const { job, staging, stage } = await begin(t);
  const problem = createProblem(job.config.balance, [0.5], stage.names);
  const duals = { w: new Float64Array(stage.names.labels.length + 1).fill(0.1), mu: 0, rate: 0.4, utilityMean: 0.3 };
  const units = unitsOf(shardRanges(ROWS, 90, 0.4), 100);
  const wrote = async (hash: string, bundles: (typeof units)[], reverse: boolean) => {
    const partials = await withFailures(write({ staging, task: { value: { problem, duals } }, hash }), bundles);
    return decodeWritten(await mergePhase(partials, mergeAllWritten(staging), mergeAllWritten(staging), reverse));
  };
  const named = (written: Written) => ({
    ...written,
    shards: written.shards.map(({ index, files }) => ({ index, files: files.map((f) => ({ ...f, path: '' })) })),
  });
  const whole = await wrote('aaaa', [units], false);
  assert.ok(units.length > 10 && whole.shards.length > 10);
  const many = await wrote('bbbb', cut(units, 2), true);
  assert.deepEqual(named(many), named(whole));
  for (const written of [whole, many]) onDisk(staging, written);

  // A worker that was given up under other duals writes beside these, not over them.
  await runBundle(write({ staging, task: { value: { problem, duals: { ...duals, mu: 0.2 } } }, hash: 'cccc' }), units);
  for (const written of [whole, many]) onDisk(staging, written);
});

test('what the first pass found of the rows is what the second would find again, and takes', async (t) => {
  const { job, staging, stage } = await begin(t);
  const problem = createProblem(job.config.balance, [0.5], stage.names);
  const duals = { w: new Float64Array(stage.names.labels.length + 1).fill(0.1), mu: 0, rate: 0.4, utilityMean: 0.3 };
  const units = unitsOf(shardRanges(ROWS, 90, 0.4), 100);
  const splits = [...splitsOf(job.plan)];
  const wrote = async (hash: string) => {
    const partials = await runBundle(write({ staging, task: { value: { problem, duals } }, hash }), units);
    const written = decodeWritten(
      await mergePhase(partials, mergeAllWritten(staging), mergeAllWritten(staging), false),
    );
    return { drops: [...written.drops], sums: written.shards.flatMap(({ files }) => files.map((f) => f.sha256)) };
  };
  const found = await wrote('aaaa');
  await withFailures(count(staging), cut(splits, 4));
  const verdicts = filesBelow(workPath(staging, 'verdicts'));
  assert.equal(verdicts.length, splits.length);
  assert.deepEqual(await wrote('bbbb'), found);

  // Proof that they are taken: other verdicts give other rows.
  const { drop, tags } = decodeVerdicts(readFileSync(workPath(staging, 'verdicts', '7')), splits[7]!.rows);
  const kept = drop.indexOf(0);
  const turned = {
    drop: drop.map((code, row) => (row === kept ? 1 : code)),
    tags: selectTags(
      tags,
      Uint32Array.from({ length: tags.rows - 1 }, (_, i) => i + 1),
    ),
  };
  await saveBytes(workPath(staging, 'verdicts', '7'), encodeVerdicts(turned));
  assert.equal((await wrote('cccc')).drops[1], found.drops[1]! + 1);
});

/** Every file is there with the bytes that were counted. */
function onDisk(staging: string, { shards }: Written): void {
  for (const { files } of shards)
    for (const { path, sha256 } of files)
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(dataPath(staging), path)))
          .digest('hex'),
        sha256,
      );
}

test('online, what a bundle that failed wrote is left beside the files of the one that counts', async (t) => {
  const { job, staging, stage } = await begin(t);
  const problem = createProblem(job.config.balance, [0.5], stage.names);
  const units = unitsOf(shardRanges(ROWS, 90, 0.4), 100).map((value) => ({ key: '0', value }));
  const ref = onlineWrite({ staging, task: { value: { problem } } });
  let states = new BagStates();
  const partials = [];
  for (const [i, bundle] of cut(units, 3).entries()) {
    const failed = states.copy();
    if (i % 2 === 1) {
      // In another order the stream learns otherwise, and the same shard gets other rows.
      await runBundle(ref, [...bundle].reverse(), { states: failed, finish: i % 4 === 1 });
    }
    const after = states.copy();
    partials.push(...(await runBundle(ref, bundle, { states: after })));
    states = after;
  }
  const online = decodeOnline(await mergePhase(partials, combineOnline(staging), mergeOnline(staging), true));
  onDisk(staging, online.written);
  const listed = online.written.shards.flatMap((s) => s.files).length;
  assert.ok(filesBelow(dataPath(staging)).length > listed, 'the failed attempts left files, which the commit removes');
  assert.equal(
    online.counts.drops.reduce((sum, rows) => sum + rows, 0),
    ROWS,
  );

  const whole = await runBundle(ref, units);
  const once = decodeOnline(await mergePhase(whole, combineOnline(staging), mergeOnline(staging)));
  assert.deepEqual(
    [...online.streams].map(([key, bytes]) => [key, hex(bytes)]),
    [...once.streams].map(([key, bytes]) => [key, hex(bytes)]),
  );
});

test('the labels of a list column do not depend on bundles', async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'in.parquet');
  const tags = Array.from({ length: 900 }, (_, i) => [`t${(i * i) % 83}`, `u${i % 7}`]);
  await saveParquet(
    file,
    batchOf([
      ['text', { type: new Utf8(), values: tags.map(() => 'a woman') }],
      ['tags', { type: new List(new Field('item', new Utf8(), true)), values: tags }],
    ]),
    50,
  );
  const directory = join(folder, 'out');
  const job = await prepareJob(
    parseConfig({
      input: { files: file },
      attributes: { female: { lexicon: 'gender', value: 'female' } },
      labels: [{ list: 'tags', minimumCount: 12, maximum: 9 }],
      output: { directory },
    }),
  );
  const staging = partialOf(directory);
  await beginJob(staging, job);
  const splits = [...splitsOf(job.plan)];
  const found = async (size: number) =>
    new TextDecoder().decode(
      await mergePhase(
        await withFailures(listedLabels(staging), cut(splits, size)),
        combineListed(staging),
        mergeListed(staging),
        size > 1,
      ),
    );
  const counts = new Map<string, number>();
  for (const tag of tags.flat()) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const expected = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 9);
  assert.deepEqual(JSON.parse(await found(splits.length)), { tags: expected.map(([tag]) => tag) });
  assert.equal(await found(1), await found(splits.length));
  assert.equal(await found(5), await found(splits.length));
});
