/** A whole run with input and output on gs://, against fake-gcs-server over HTTP: the same bytes as on a disk, whatever happens meanwhile. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runBalance } from '../../pipelines/index.js';
import { ChangedError, InputError } from '../../schemas/errors.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { run, start } from '../end-to-end/command.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { digests } from '../end-to-end/scratch.js';
import { BUCKET, options, startEmulator } from './gcs.js';

const ROWS = 1_200;
const FILES = 3;
const ATTEMPT = /^[0-9a-f]{16}-[0-9a-f]{8}\//;
const WRITE_PHASE = 'weight, resample, write';

/** What is made of rows. The others name the run or its folders, which are parts of what a run is. */
const DATA = /\.(parquet|arrow)$|tfrecord/;

function dataOf(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files)
      .map(([path, digest]) => [path.replace(ATTEMPT, ''), digest] as const)
      .filter(([path]) => DATA.test(path))
      .sort(),
  );
}

const job = {
  filters: [{ similarity: { column: 'clip_l14_similarity_score', fraction: 0.9 } }, { unique: {} }],
  attributes: { female: { lexicon: 'gender', value: 'female' } },
  labels: [{ lexicon: 'occupations' }],
};

function configOf(files: string, directory: string, change: { seed?: number; fit?: string; overwrite?: boolean } = {}) {
  const { overwrite = false, ...balance } = change;
  return {
    ...job,
    input: { files },
    balance: { rate: 0.5, ...balance },
    output: { directory, formats: ['parquet', 'arrow', 'tfrecord'], shardRows: 80, overwrite },
  };
}

function argumentsOf(config: ReturnType<typeof configOf>): string[] {
  const { input, output, balance, ...rest } = config;
  return [
    ...['balance', '--input', input.files, '--output', output.directory, '--rate', String(balance.rate)],
    ...Object.entries(rest).flatMap(([key, value]) => [`--${key}`, JSON.stringify(value)]),
    ...['--output.formats', output.formats.join(','), '--output.shardRows', String(output.shardRows)],
    ...('seed' in balance ? ['--seed', String(balance.seed)] : []),
  ];
}

// Hooks of the file, not of a test: the emulator is for all of them.
const emulator = options.skip ? undefined! : await startEmulator();
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-gs-'));
after(() => rmSync(folder, { recursive: true }));
const local = join(folder, 'in');
mkdirSync(local);
for (let i = 0; i < FILES; i++) {
  await saveParquet(join(local, `${i}.parquet`), demoBatch(5, i * ROWS, ROWS), ROWS / 4);
}
const inputs = `gs://${BUCKET}/in/*.parquet`;
if (!options.skip) await emulator.upload(local, `gs://${BUCKET}/in`);

describe('gs://', options, () => {
  for (const fit of ['auto', 'online']) {
    test(`fit ${fit}: the same bytes of every file as on a disk, and nothing left beside`, async () => {
      const onDisk = join(folder, `out-${fit}`);
      await runBalance(parseConfig(configOf(join(folder, 'in', '*.parquet'), onDisk, { fit })));
      const remote = `gs://${BUCKET}/${fit}/out`;
      const { code, stderr } = await run(argumentsOf(configOf(inputs, remote)).concat('--fit', fit));
      assert.equal(code, 0, stderr);
      const found = await emulator.digests(remote);
      const expected = dataOf(digests(onDisk));
      assert.ok(Object.keys(expected).length > 20);
      assert.deepEqual(dataOf(found), expected);
      const manifest = JSON.parse(Buffer.from(await emulator.storage.readAll(`${remote}/manifest.json`)).toString());
      const listed = Object.fromEntries(
        manifest.files.map((f: { path: string; sha256: string }) => [f.path, f.sha256]),
      );
      const { 'manifest.json': _, ...files } = found;
      assert.deepEqual(files, listed, 'the manifest lists every file, with its digest');
      assert.deepEqual(await emulator.storage.listFiles(`${remote}.partial`), []);
    });
  }

  test('again: nothing is done; another run: refused, and with overwrite it takes the place and the old files go', async () => {
    const remote = `gs://${BUCKET}/again/out`;
    const first = await runBalance(parseConfig(configOf(inputs, remote)));
    const before = await emulator.digests(remote);
    const again = await runBalance(parseConfig(configOf(inputs, `${remote}/`)));
    assert.ok(again.alreadyDone && !first.alreadyDone);
    assert.deepEqual(again.files, first.files);
    assert.deepEqual(again.report, first.report);
    assert.deepEqual(await emulator.digests(remote), before);

    const other = configOf(inputs, remote, { seed: 2 });
    await assert.rejects(runBalance(parseConfig(other)), /expected an empty or absent directory, got a finished run/);
    const { files } = await runBalance(parseConfig(configOf(inputs, remote, { seed: 2, overwrite: true })));
    const now = Object.keys(await emulator.digests(remote));
    assert.deepEqual(now.sort(), [...files, 'manifest.json'].sort(), 'nothing of the first run is left');
    assert.ok(first.files.every((file) => !now.includes(file)));
  });

  test('folders of something else are refused, a bucket is no output, an input that is not there is told', async () => {
    await emulator.upload(join(folder, 'in'), `gs://${BUCKET}/foreign`);
    await assert.rejects(
      runBalance(parseConfig(configOf(inputs, `gs://${BUCKET}/foreign`))),
      /3 files that are not a run of m4-balance/,
    );
    await assert.rejects(runBalance(parseConfig(configOf(inputs, `gs://${BUCKET}`))), /got a bucket/);
    const missing = runBalance(parseConfig(configOf(`gs://${BUCKET}/none/*.parquet`, `gs://${BUCKET}/x`)));
    await assert.rejects(
      missing,
      /input files: gs:\/\/data\/none\/\*\.parquet: expected at least one object, got none/,
    );
  });

  test('an input file that is replaced in mid-run ends the run, which says so, and publishes nothing', async () => {
    const remote = `gs://${BUCKET}/replaced/out`;
    const own = `gs://${BUCKET}/replaced/in`;
    await emulator.upload(join(folder, 'in'), own);
    let replaced: Promise<unknown> | undefined;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === WRITE_PHASE) replaced ??= emulator.upload(join(folder, 'in'), own);
    };
    const config = parseConfig(configOf(`${own}/*.parquet`, remote));
    // The progress is told before the job is begun; its first reads wait for what it began.
    await assert.rejects(runBalance(config, { onProgress, onLog: () => undefined }), (error) => {
      assert.ok(error instanceof ChangedError, String(error));
      assert.match(error.message, /file changed: gs:\/\/data\/replaced\/in\/\d\.parquet: .*replaced since/);
      return true;
    });
    await replaced;
    assert.deepEqual(await emulator.digests(remote), {});
  });

  test('two at once: one wins, the other says so', async () => {
    const remote = `gs://${BUCKET}/two/out`;
    const both = [1, 2].map((seed) => start([...argumentsOf(configOf(inputs, remote, { seed })), '--json']));
    const ended = await Promise.all(both.map(({ finished }) => finished));
    const codes = ended.map(({ code }) => code);
    assert.deepEqual([...codes].sort(), [0, 3], JSON.stringify(ended));
    const loser = ended[codes.indexOf(3)]!;
    assert.match(loser.stdout, /"exitCode":3.*output: /);
    const { files } = JSON.parse(Buffer.from(await emulator.storage.readAll(`${remote}/manifest.json`)).toString());
    const now = Object.keys(await emulator.digests(remote)).sort();
    assert.deepEqual(now, [...files.map((f: { path: string }) => f.path), 'manifest.json'].sort());
  });

  /** Does something as soon as the run is in the pass that writes. */
  async function meanwhile(remote: string, overwrite: boolean, act: () => Promise<unknown>): Promise<unknown> {
    let acted: Promise<unknown> | undefined;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === WRITE_PHASE) acted ??= act();
    };
    const outcome = await runBalance(parseConfig(configOf(inputs, remote, { overwrite })), { onProgress }).catch(
      (error: unknown) => error,
    );
    await acted;
    return outcome;
  }

  test('a run that is overtaken by another machine leaves everything to it', async () => {
    const remote = `gs://${BUCKET}/overtaken/out`;
    const owner = Buffer.from(JSON.stringify({ pid: 7, host: 'elsewhere' }));
    const outcome = await meanwhile(remote, false, async () => {
      const sink = await emulator.storage.create(`${remote}.partial/owner.json`);
      await sink.write(owner);
      await sink.close();
    });
    assert.ok(outcome instanceof InputError, String(outcome));
    assert.match(outcome.message, /got process 7 of elsewhere, which began there meanwhile/);
    assert.deepEqual(await emulator.digests(remote), {});
    assert.ok((await emulator.storage.listFiles(`${remote}.partial`)).length > 1);
  });

  test('a run before whose end another was published leaves that one as it is', async () => {
    const [remote, elsewhere] = [`gs://${BUCKET}/late/out`, `gs://${BUCKET}/late/other`];
    await runBalance(parseConfig(configOf(inputs, elsewhere, { seed: 3 })));
    const published = await emulator.digests(elsewhere);
    const outcome = await meanwhile(remote, true, async () => {
      for (const path of Object.keys(published))
        await emulator.storage.copy(`${elsewhere}/${path}`, `${remote}/${path}`);
    });
    assert.ok(outcome instanceof ChangedError, String(outcome));
    assert.match(
      outcome.message,
      /expected no finished run, as when this one began, got the run [0-9a-f]{16}, which was published/,
    );
    assert.deepEqual(await emulator.digests(remote), published);
  });
});
