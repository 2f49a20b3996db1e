import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { run, start } from './command.js';
import { saveParquet } from './inputs.js';
import { moments } from './moments.js';
import { readJson, readOutput } from './outputs.js';
import { digests, filesBelow, scratch } from './scratch.js';

const ROWS = 1_500;
const KILLS = 20;
const POLL_MILLISECONDS = 2;
/** Of the time from the first file to the end of the process; the last of it is the way out. */
const SPREAD = 0.85;

/** A folder with input and configuration; the run writes eight shards a format. */
async function prepared(folder: string): Promise<{ out: string; config: string }> {
  const out = join(folder, 'results', 'out');
  mkdirSync(join(folder, 'results'), { recursive: true });
  const input = join(folder, 'input.parquet');
  await saveParquet(input, demoBatch(5, 0, ROWS), 250);
  const config = join(folder, 'job.json');
  const value = {
    input: { files: input },
    filters: [{ similarity: { column: 'clip_l14_similarity_score', fraction: 0.9 } }, { unique: {} }],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.5 },
    output: { directory: out, formats: ['parquet', 'arrow', 'tfrecord'], shardRows: 80, overwrite: true },
  };
  writeFileSync(config, JSON.stringify(value));
  return { out, config };
}

function assertNothingLeft(out: string): void {
  assert.deepEqual(readdirSync(join(out, '..')), ['out'], 'nothing is left beside the output');
  const listed = readOutput(out).manifest.files.map((f) => f.path);
  assert.deepEqual(filesBelow(out), [...listed, 'manifest.json'].sort(), 'the manifest lists every file');
}

/** A run that has just begun to write, and the moment at which it did. */
async function watched(
  command: readonly string[],
  out: string,
): Promise<{ process: ReturnType<typeof start>; began: number }> {
  const process = start(command);
  let ended = false;
  void process.finished.then(() => {
    ended = true;
  });
  while (!ended && !existsSync(`${out}.partial`)) await delay(POLL_MILLISECONDS);
  return { process, began: performance.now() };
}

/** Kills runs one after the other; every second one is to replace an earlier output. Gives how many were killed at work. */
async function killed(folder: string, random: () => number, kills: number): Promise<number> {
  const { out, config } = await prepared(folder);
  const command = ['balance', config, '--quiet'];
  assert.equal((await run([...command, '--seed', '2'])).code, 0);
  const previous = join(folder, 'previous');
  cpSync(out, previous, { recursive: true });
  const last = digests(out);
  rmSync(out, { recursive: true });
  const undisturbed = await watched(command, out);
  const { code, stderr } = await undisturbed.process.finished;
  assert.equal(code, 0, stderr);
  const duration = performance.now() - undisturbed.began;
  const expected = digests(out);
  assertNothingLeft(out);
  assert.notDeepEqual(expected, last);
  assert.ok(Object.keys(expected).length > 20);

  let atWork = 0;
  for (let i = 0; i < kills; i++) {
    rmSync(join(out, '..'), { recursive: true, force: true });
    const replaces = i % 2 === 1;
    if (replaces) cpSync(previous, out, { recursive: true });
    const wait = ((i + random()) / kills) * SPREAD * duration;
    const { process: victim } = await watched(command, out);
    await delay(wait);
    victim.process.kill('SIGKILL');
    await victim.finished;
    const at = `kill ${i}, ${wait.toFixed()} ms after the run began to write`;
    atWork += existsSync(`${out}.partial`) ? 1 : 0;

    const found = digests(out);
    if (found['manifest.json'] === expected['manifest.json']) assert.deepEqual(found, expected, at);
    // Between the two renames of a replacement there is, for a moment, no output.
    else if (replaces && existsSync(out)) assert.deepEqual(found, last, at);
    else assert.deepEqual(found, {}, at);

    // Starting a process costs more than the run: most are finished by what the command calls.
    if (i % 5 === 0) assert.equal((await run(command)).code, 0, at);
    else await runBalance(parseConfig(readJson(config)));
    assert.deepEqual(digests(out), expected, at);
    assertNothingLeft(out);
  }
  return atWork;
}

test('a run killed at any moment leaves the last good output, and the same command finishes with the same bytes', async (t) => {
  const seed = Number(process.env.M4_KILL_SEED ?? Date.now() % 1e6);
  t.diagnostic(`M4_KILL_SEED=${seed}`);
  const folder = scratch(t);
  const lanes = [0, 1].map((lane) => killed(join(folder, String(lane)), moments(seed + lane), KILLS / 2));
  const atWork = (await Promise.all(lanes)).reduce((a, b) => a + b, 0);
  t.diagnostic(`${atWork} of ${KILLS} were killed at work`);
  assert.ok(atWork >= KILLS / 2, `only ${atWork} were killed before they ended`);
});

test('Ctrl-C ends with 130 and keeps what is finished; the same command continues to the same bytes', async (t) => {
  const { out, config } = await prepared(scratch(t));
  assert.equal((await run(['balance', config, '--quiet'])).code, 0);
  const expected = digests(out);
  rmSync(out, { recursive: true });

  let interrupted = false;
  const running = start(['balance', config, '--json'], (stdout) => {
    if (interrupted || !stdout.includes('"weight, resample, write"')) return;
    interrupted = true;
    running.process.kill('SIGINT');
  });
  const stopped = await running.finished;
  assert.equal(stopped.code, 130, stopped.stdout);
  assert.equal(existsSync(out), false);
  assert.ok(existsSync(`${out}.partial`));
  const again = await run(['balance', config, '--json']);
  assert.equal(again.code, 0, again.stdout);
  assert.match(again.stdout, /done before/);
  assert.deepEqual(digests(out), expected);
  assertNothingLeft(out);
});

test('a finished run is not done again, and is not replaced by another without leave', async (t) => {
  const { out, config } = await prepared(scratch(t));
  const command = ['balance', config, '--quiet', '--no-output.overwrite'];
  assert.equal((await run(command)).code, 0);
  const expected = digests(out);
  const again = await run(command);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /holds this run already/);
  assert.deepEqual(digests(out), expected);

  const other = await run([...command, '--seed', '9']);
  assert.equal(other.code, 3);
  assert.match(
    other.stderr,
    /output: .*out: expected an empty or absent directory, got a finished run \([0-9a-f]{16}\)/,
  );
  assert.deepEqual(digests(out), expected);
  assert.deepEqual(readdirSync(join(out, '..')), ['out']);
});

test('a folder that holds something else is never touched', async (t) => {
  const { out, config } = await prepared(scratch(t));
  mkdirSync(out);
  writeFileSync(join(out, 'thesis.tex'), 'the only copy');
  const refused = await run(['balance', config, '--quiet', '--output.overwrite']);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /expected an empty or absent directory, got 1 files that are not a run of m4-balance/);
  assert.deepEqual(filesBelow(out), ['thesis.tex']);
  assert.deepEqual(readdirSync(join(out, '..')), ['out']);
});
