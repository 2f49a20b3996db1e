/** Runs a pipeline on a real runner and compares it with the direct runner, element by element. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunResult, runDirect, runPortable, startWorkerPool, type WorkerPool } from '../../beam/index.js';
import { inThisProcess } from '../../beam/worker-pool.js';
import { pipelines, type RunnerPipeline } from './pipelines.js';
import { type Absent, type Started, workerEntry } from './runners.js';

/** A job that takes longer hangs: the longest takes a tenth of it. */
const JOB_MS = 240_000;

export interface Where {
  readonly runner: Started | Absent;
  readonly environments: readonly ('external' | 'process')[];
  readonly parallelism?: number;
}

/** All lines of the files in a folder. */
export function linesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
}

/** How many of `want` are missing in `got`, and how many are there too often, with some of them. */
function difference(want: readonly string[], got: readonly string[]) {
  const missing = new Map<string, number>();
  for (const line of want) missing.set(line, (missing.get(line) ?? 0) + 1);
  for (const line of got) missing.set(line, (missing.get(line) ?? 0) - 1);
  const result = { lost: 0, extra: 0, examples: [] as string[] };
  for (const [line, n] of missing) {
    if (n > 0) result.lost += n;
    else result.extra -= n;
    if (n !== 0 && result.examples.length < 4) result.examples.push(`${n > 0 ? '-' : '+'}${line.slice(0, 80)}`);
  }
  return result;
}

/** Counters and the sources' distribution as they are known, the sink's lines as they were counted. */
function checkMetrics({ counters, index }: RunnerPipeline, result: RunResult): void {
  for (const [name, total] of Object.entries(counters)) assert.equal(result.counters.get(name), total, name);
  if (index !== undefined) assert.deepEqual(result.distributions.get('index'), index);
  assert.equal(result.distributions.get('line')?.count, counters.sunk);
}

/** A shell script that starts a worker with the flags that it is given. */
export function workerScript(folder: string): string {
  const script = join(folder, 'worker.sh');
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' '${workerEntry}' "$@"\n`);
  chmodSync(script, 0o755);
  return script;
}

/** Declares a test for each pipeline and environment; skipped, with the reason, where the runner is absent. */
export function comparePipelines(
  title: string,
  { runner, environments, parallelism = 2 }: Where,
  compared: Readonly<Record<string, RunnerPipeline>> = pipelines,
): void {
  const skip = runner.absent ?? false;
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-runners-'));
  let pool: WorkerPool | undefined;
  before(async () => {
    pool = await startWorkerPool({ start: inThisProcess });
  });
  after(async () => {
    await pool?.stop();
    if (runner.absent === undefined) await runner.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const direct = new Map<string, { lines: string[]; result: RunResult }>();
  const onDirectRunner = async (name: string, pipeline: RunnerPipeline) => {
    const known = direct.get(name);
    if (known !== undefined) return known;
    const outputs = join(folder, `${name} direct`);
    mkdirSync(outputs);
    const result = await runDirect((root) => pipeline.build(root, outputs));
    const entry = { lines: linesOf(outputs), result };
    checkMetrics(pipeline, result);
    direct.set(name, entry);
    return entry;
  };

  const script = workerScript(folder);
  for (const kind of environments) {
    describe(`${title}, ${kind} workers`, { skip }, () => {
      for (const [name, pipeline] of Object.entries(compared)) {
        test(name, { timeout: 2 * JOB_MS }, async (t) => {
          assert.ok(runner.absent === undefined);
          const outputs = join(folder, `${name} ${kind}`);
          mkdirSync(outputs);
          const run = () =>
            runPortable((root) => pipeline.build(root, outputs), {
              jobEndpoint: runner.endpoint,
              jobName: `${name}-${kind}`,
              environment: kind === 'process' ? { process: script } : { external: pool!.address },
              pipelineOptions: { parallelism },
              signal: AbortSignal.timeout(JOB_MS),
            });
          if (pipeline.fails !== undefined) return assert.rejects(unlessItPanics(run), pipeline.fails);
          const expected = await onDirectRunner(name, pipeline);
          const started = performance.now();
          const result = await run();
          t.diagnostic(`${((performance.now() - started) / 1000).toFixed(1)} s`);
          const lines = linesOf(outputs);
          assert.deepEqual(difference(expected.lines, lines), { lost: 0, extra: 0, examples: [] });
          checkMetrics(pipeline, result);
          assert.deepEqual(result.distributions.get('line'), expected.result.distributions.get('line'));
        });
      }
    });
  }
}

/** Prism sends to a channel that it has closed where a bundle fails at a bad moment, and tells of that instead of the reason. */
const PANIC = /send on closed channel/;
const ATTEMPTS = 3;

async function unlessItPanics<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === ATTEMPTS || !PANIC.test(String(error))) throw error;
    }
  }
}
