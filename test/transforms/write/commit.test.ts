import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataPath } from '../../../transforms/read/job.js';
import { commitRun } from '../../../transforms/write/commit.js';
import type { Commit } from '../../../transforms/write/commit-parts.js';
import { readPublished } from '../../../transforms/write/finished.js';
import { filesBelow, scratch } from '../../end-to-end/scratch.js';

const SHA256_OF_ROWS = '0'.repeat(64);

/** A staging folder with one part, and the commit of it. */
function staged(folder: string, change: Partial<Commit> = {}): Commit {
  const staging = join(folder, 'out.partial');
  mkdirSync(dataPath(staging), { recursive: true });
  writeFileSync(join(dataPath(staging), 'shard-part-0.parquet'), 'rows');
  return {
    staging,
    directory: join(folder, 'out'),
    overwrite: false,
    published: { manifest: undefined, version: undefined },
    parts: [
      {
        path: 'weights/a.parquet',
        kind: 'shard',
        format: 'parquet',
        rows: 1,
        from: 'shard-part-0.parquet',
        bytes: 4,
        sha256: SHA256_OF_ROWS,
      },
      { path: 'report.json', kind: 'report', format: 'json', text: '{}\n' },
    ],
    manifest: {
      version: 1,
      run: 'abc',
      m4Balance: '0',
      rows: { read: 1, kept: 1, written: 1, dropped: {} },
      certificate: {},
      config: {},
    },
    ...change,
  };
}

test('a commit publishes the parts under their names, and what the manifest says of them', async (t) => {
  const folder = scratch(t);
  const manifest = await commitRun(staged(folder));
  assert.deepEqual(filesBelow(join(folder, 'out')), ['manifest.json', 'report.json', 'weights/a.parquet']);
  assert.deepEqual((await readPublished(join(folder, 'out'))).manifest, manifest);
  assert.equal(manifest.files[1]!.sha256, 'ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356');
  assert.equal(readFileSync(join(folder, 'out', 'weights', 'a.parquet'), 'utf8'), 'rows');
});

test('what a killed run left half written is not published', async (t) => {
  const folder = scratch(t);
  const commit = staged(folder);
  writeFileSync(join(dataPath(commit.staging), '.0d9fd020.tmp'), 'half a ro');
  writeFileSync(join(dataPath(commit.staging), 'shard-part-1.parquet'), 'a shard that is no part');
  await commitRun(commit);
  assert.deepEqual(filesBelow(join(folder, 'out')), ['manifest.json', 'report.json', 'weights/a.parquet']);
});

test('a commit that was interrupted after any of its steps can be repeated', async (t) => {
  const folder = scratch(t);
  const commit = staged(folder);
  mkdirSync(join(dataPath(commit.staging), 'weights'));
  writeFileSync(
    join(dataPath(commit.staging), 'weights', 'a.parquet'),
    readFileSync(join(dataPath(commit.staging), 'shard-part-0.parquet')),
  );
  await commitRun(commit);
  assert.deepEqual(filesBelow(join(folder, 'out')), ['manifest.json', 'report.json', 'weights/a.parquet']);
});

test('a part that is not there is our mistake, and nothing is published', async (t) => {
  const folder = scratch(t);
  const commit = staged(folder);
  const [part] = commit.parts;
  const broken = { ...commit, parts: [{ ...part!, from: 'shard-part-9.parquet' }] } as Commit;
  await assert.rejects(commitRun(broken), /commit: part .*shard-part-9\.parquet is missing/);
  assert.equal(existsSync(commit.directory), false);
});

test('another finished run is replaced with leave only, and a folder of something else never', async (t) => {
  const folder = scratch(t);
  await commitRun(staged(folder));
  const directory = join(folder, 'out');
  await assert.rejects(commitRun(staged(folder)), /expected an empty or absent directory, got a finished run \(abc\)/);
  const manifest = { ...staged(folder).manifest, run: 'def' };
  await commitRun(staged(folder, { overwrite: true, manifest }));
  assert.equal((await readPublished(directory)).manifest?.run, 'def');
  assert.equal(existsSync(join(folder, 'out.partial', 'data.replaced')), false);

  writeFileSync(join(directory, 'manifest.json'), '{"version": 7}');
  await assert.rejects(
    commitRun(staged(folder, { overwrite: true })),
    /manifest: .*manifest\.json: expected a manifest of m4-balance, version 1/,
  );
});
