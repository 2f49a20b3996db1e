/** What reaches the terminal when a job fails on a real Prism, and what is left behind: nothing, or a run that can go on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { impulse, JobError, type Root, registerModule } from '../../beam/index.js';
import { openRunner } from '../../pipelines/runner.js';
import { type RunnerConfig, runnerSchema } from '../../schemas/runner.js';
import { demoBatch } from '../../scripts/demo-data.js';
import * as fns from '../beam/fns.js';
import { run, start } from '../end-to-end/command.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { digests, scratch } from '../end-to-end/scratch.js';
import { isAlive, noProcesses, workersBelow } from './processes.js';

registerModule(new URL('../beam/fns.js', import.meta.url).href);

const prism = resolve(process.env.PRISM ?? '.runners/bin/prism');
const options = {
  skip: existsSync(prism) ? false : `no Prism at ${prism}: node scripts/runners/install-prism.mjs`,
  timeout: 5 * 60_000,
};
const ENVIRONMENTS = {
  'this process': { environment: 'external' },
  'processes of a pool': { environment: 'external', parallelism: 2 },
  'processes of Prism': { environment: 'process' },
} as const;

async function errorOn(config: RunnerConfig, build: (root: Root) => void): Promise<unknown> {
  const runner = await openRunner(config);
  try {
    return await runner.run(build, { jobName: 'm4-balance-test-fail' }).catch((error: unknown) => error);
  } finally {
    await runner.close();
  }
}

const failing = (root: Root) => {
  impulse(root)
    .parDo('range', fns.range({ n: 5 }), { coder: fns.numberCoder })
    .parDo('add', fns.throwsAt({ where: 'async' }), { coder: fns.numberCoder });
};

for (const [where, environment] of Object.entries(ENVIRONMENTS)) {
  test(`a DoFn that throws in ${where}: its message, transform, file and stack`, options, async () => {
    const direct = await errorOn(runnerSchema.parse({}), failing);
    assert.ok(direct instanceof Error);
    const error = await errorOn(runnerSchema.parse({ name: 'prism', prism, timeout: 60, ...environment }), failing);
    assert.ok(error instanceof JobError, String(error));
    assert.equal(error.message, direct.message);
    assert.equal(error.thrown, direct.name);
    assert.match(error.details, /fns\.js:\d+/);
  });

  test(
    `Ctrl-C while workers are in ${where}: exit 130, nothing published, and the same run goes on`,
    options,
    async (t) => {
      const folder = scratch(t);
      await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 60_000), 5_000);
      const directory = join(folder, 'out');
      const args = [
        ...['balance', '--input', join(folder, 'a.parquet'), '--output', directory, '--rate', '0.3'],
        ...['--attributes', '{female: {lexicon: gender, value: female}}', '--json'],
      ];
      const onPrism = Object.entries({ ...environment, prism, name: 'prism' }).flatMap(([k, v]) => [
        `--runner.${k}`,
        `${v}`,
      ]);
      const running = start([...args, ...onPrism], (stdout) => {
        // At work, in the pass that writes.
        if (stdout.includes('weight, resample, write')) running.process.kill('SIGINT');
      });
      const stopped = await running.finished;
      assert.equal(stopped.code, 130, stopped.stderr);
      assert.ok(!existsSync(directory) && existsSync(`${directory}.partial`));
      const finished = await run([...args, ...onPrism]);
      assert.equal(finished.code, 0, finished.stderr);
      assert.match(finished.stdout, /going on with run/);
      const files = digests(directory);
      rmSync(directory, { recursive: true });
      assert.equal((await run(args)).code, 0);
      assert.deepEqual(digests(directory), files);
    },
  );
}

/** Prism waits for ever for a worker that ended while it had nothing to do; the default of `runner.timeout` is an hour. */
const SOON_MS = 60_000;
const LOST = /^m4-balance: the job m4-balance-[0-9a-f]{16}-counts was cancelled: worker process \d+ ended before it/;

test('a worker command that fails: exit 6 soon, and nothing published', options, async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 100));
  const broken = join(folder, 'broken');
  writeFileSync(broken, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const directory = join(folder, 'out');
  const began = performance.now();
  const { code, stderr } = await run([
    ...['balance', '--input', join(folder, 'a.parquet'), '--output', directory, '--rate', '0.3', '--quiet'],
    ...['--attributes', '{female: {lexicon: gender, value: female}}', '--runner', 'prism', '--runner.prism', prism],
    ...['--environment', 'process', '--runner.workerCommand', broken],
  ]);
  assert.equal(code, 6, stderr);
  assert.match(stderr, LOST);
  assert.ok(performance.now() - began < SOON_MS);
  assert.ok(!existsSync(directory));
});

for (const flags of [
  ['--environment', 'process'],
  ['--parallelism', '2'],
]) {
  const title = `a worker that is killed as it starts (${flags.join(' ')}): exit 6 soon, and the same command finishes`;
  test(title, { ...options, skip: options.skip || noProcesses }, async (t) => {
    const folder = scratch(t);
    await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 1_000));
    const directory = join(folder, 'out');
    const args = [
      ...['balance', '--input', join(folder, 'a.parquet'), '--output', directory, '--rate', '0.3', '--quiet'],
      ...['--attributes', '{female: {lexicon: gender, value: female}}'],
      ...['--runner', 'prism', '--runner.prism', prism, ...flags],
    ];
    const began = performance.now();
    const running = start(args);
    let worker: number | undefined;
    while (worker === undefined && isAlive(running.process.pid!)) {
      await new Promise((next) => setTimeout(next, 5));
      [worker] = workersBelow([running.process.pid!]);
    }
    process.kill(worker!, 'SIGKILL');
    const { code, stderr } = await running.finished;
    assert.equal(code, 6, stderr);
    assert.match(stderr, LOST);
    assert.ok(performance.now() - began < SOON_MS);
    assert.ok(!existsSync(directory));
    assert.equal((await run(args)).code, 0);
  });
}

test('Prism does not outlive the command', options, async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 100));
  const directory = join(folder, 'out');
  const args = ['balance', '--input', join(folder, 'a.parquet'), '--output', directory, '--rate', '0.3', '--quiet'];
  const running = start([
    ...[...args, '--attributes', '{female: {lexicon: gender, value: female}}'],
    ...['--runner', 'prism', '--runner.prism', prism],
  ]);
  const childrenOf = (pid: number) =>
    spawnSync('ps', ['--no-headers', '-o', 'pid', '--ppid', `${pid}`]).stdout.toString();
  let child = '';
  while (child === '' && running.process.exitCode === null) {
    child = childrenOf(running.process.pid!).trim();
    await new Promise((next) => setTimeout(next, 20));
  }
  assert.match(child, /^\d+$/, 'Prism was seen');
  assert.equal((await running.finished).code, 0);
  assert.throws(() => process.kill(Number(child), 0), { code: 'ESRCH' });
});
