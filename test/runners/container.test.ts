/** The container's tree, built as the Dockerfile says but without Docker, started as its entry point, and given bundles. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import {
  type Coder,
  DoFn,
  type Flow,
  impulse,
  joinPieces,
  type KV,
  kvCoder,
  registerDoFn,
  runDirect,
  runPortable,
} from '../../beam/index.js';
import { partialCoder, phaseGraph } from '../../pipelines/phase.js';
import { phasesOf } from '../../pipelines/phase-list.js';
import { prepareJob } from '../../pipelines/prepare.js';
import { parseConfig } from '../../schemas/parse-config.js';
import type { Split } from '../../schemas/split.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { m4, tagsCoder } from '../../transforms/balance/m4.js';
import { createStream, encodeStream, updateStream } from '../../transforms/balance/stream.js';
import { beginJob, dataPath, type Job } from '../../transforms/read/job.js';
import { splitsOf } from '../../transforms/read/plan.js';
import { splitCoder, splits } from '../../transforms/read/splits.js';
import { count } from '../../transforms/stats/count.js';
import { decodeCounts } from '../../transforms/stats/counts.js';
import '../../pipelines/index.js';
import { MiniRunner } from '../beam/mini-runner.js';
import { stageOf } from '../beam/stage.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { digests, filesBelow } from '../end-to-end/scratch.js';
import { caseOf, slice } from '../transforms/balance/arbitrary.js';
import { buildImage, contextFilter, entryCommand, type Image, inImage } from './dockerfile.js';
import { startPrism } from './runners.js';

const ROWS = 3000;
const GROUPS = 3;
/** Prism hangs where its workers die at the start. */
const JOB_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-image-'));
let image: Image;

before(() => {
  image = buildImage(process.cwd(), folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The entry point with nothing of this machine's environment, in a folder of its own. */
function start(runner: MiniRunner, command = entryCommand(image)): { child: ChildProcess; exited: Promise<string> } {
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere, { recursive: true });
  const flags = ['--id=1-1', `--provision_endpoint=${runner.url}`, '--semi_persist_dir=/tmp'];
  const PATH = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  const [program, ...args] = command;
  const child = spawn(program, [...args, ...flags], {
    cwd: elsewhere,
    env: { PATH, HOME: elsewhere },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  const exited = new Promise<string>((done) => {
    child.on('exit', (code, signal) => done(`${code ?? signal}\n${output}`));
  });
  return { child, exited };
}

async function runnerFor(t: Pick<TestContext, 'after'>): Promise<MiniRunner> {
  const runner = await new MiniRunner().start();
  t.after(() => runner.stop());
  runner.provisionInfo.pipelineOptions = Struct.fromJson({ registeredNodeModules: ['m4-balance/pipelines/index'] });
  return runner;
}

const connected = async (runner: MiniRunner, exited: Promise<string>) =>
  Promise.race([runner.connected.promise, exited.then((how) => assert.fail(`the worker exited with ${how}`))]);

type Partial = KV<string, Uint8Array>;

class Keep extends DoFn<Partial, never> {
  override process(partial: Partial): void {
    kept.push(partial);
  }
}
const kept: Partial[] = [];
const plain = (partials: readonly Partial[]) => partials.map(({ key, value }) => [key, Buffer.from(value)]);
const keep = registerDoFn('test:container:keep', () => new Keep());

test('the Dockerfile ignores what no image needs', () => {
  const isSent = contextFilter(readFileSync('.dockerignore', 'utf8'));
  for (const name of ['.git', '.runners', 'node_modules', 'dist', 'test', 'bench', 'x.log'])
    assert.ok(!isSent(name), name);
  for (const name of ['package-lock.json', '.npmrc', 'beam', 'scripts', 'tsconfig.json']) assert.ok(isSent(name), name);
});

test('the image: Node 24, not root, what is published and its dependencies, nothing for development', () => {
  assert.equal(image.base, 'node:24-slim');
  assert.equal(image.user, 'node');
  const app = join(image.root, 'app');
  const installed = readdirSync(join(app, 'node_modules'));
  for (const name of ['apache-beam', 'apache-arrow', 'parquet-wasm']) assert.ok(installed.includes(name), name);
  // TypeScript is there: a dependency of the SDK asks for it.
  for (const name of ['@biomejs', 'esbuild', 'fast-check', '@types/cli-progress'])
    assert.ok(!existsSync(join(app, 'node_modules', name)), name);
  for (const path of ['test', 'bench', 'beam', 'dist/test', 'dist/bench', '.git']) {
    assert.ok(!existsSync(join(app, path)), path);
  }
});

/** A job in a staging folder of its own, over one input. */
async function begun(name: string): Promise<{ readonly staging: string; readonly job: Job }> {
  const input = join(folder, 'pairs.parquet');
  if (!existsSync(input)) await saveParquet(input, demoBatch(1, 0, ROWS), ROWS / GROUPS);
  const config = parseConfig({
    input: { files: input },
    filters: ['datacomp-basic'],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.5, streams: 2, fit: 'stream' },
    output: { directory: join(folder, name) },
  });
  const staging = `${config.output.directory}.partial`;
  const job = await prepareJob(config);
  await beginJob(staging, job);
  return { staging, job };
}

for (const command of ['ENTRYPOINT', '/opt/apache/beam/boot']) {
  test(`${command} reads, filters, tags and counts splits as this process does, byte by byte`, async (t) => {
    const { staging, job } = await begun('out');
    const counted = (flow: Flow<Split>) => flow.parDo('count', count(staging), { coder: partialCoder });
    kept.length = 0;
    await runDirect((root) => {
      const all = impulse(root).parDo('splits', splits(staging), { coder: splitCoder });
      counted(all).parDo('keep', keep(null), { coder: partialCoder as Coder<any> as Coder<never> });
    });

    const runner = await runnerFor(t);
    const { exited } = start(runner, command === 'ENTRYPOINT' ? entryCommand(image) : [inImage(image.root, command)]);
    await connected(runner, exited);
    const all = [...splitsOf(job.plan)];
    assert.equal(all.length, GROUPS);
    const stage = stageOf(runner, 'count', splitCoder, counted);
    const { error, outputs } = await runner.runBundle(stage, [all.slice(0, 1), all.slice(1)]);
    assert.equal(error, '');
    assert.deepEqual(plain(outputs), plain(kept));
    // The last is what was counted; before it come the patterns, by key range.
    const [bytes] = joinPieces([outputs.at(-1).value]);
    const { drops } = decodeCounts(bytes!);
    assert.equal(
      drops.reduce((sum, rows) => sum + rows, 0),
      ROWS,
    );
    assert.ok(drops[0] > ROWS / 2, 'most rows pass the filters');
    runner.control.end();
    assert.match(await exited, /^0\n/);
  });
}

test('the entry point keeps the state of the stream fit across bundles', async (t) => {
  const { problem, ...one } = caseOf(4, 300, false);
  const runner = await runnerFor(t);
  const { exited } = start(runner);
  await connected(runner, exited);
  const stage = stageOf(
    runner,
    'm4',
    kvCoder(tagsCoder),
    (flow) => flow.parDo('m4', m4({ value: { problem } }), { coder: partialCoder }),
    { lengthPrefixKeys: true },
  );
  const stream = createStream(problem);
  for (let i = 0; i < 3; i++) {
    const value = slice({ problem, ...one }, i * 100, (i + 1) * 100);
    updateStream(stream, value.tags, value.utility);
    const { error, outputs } = await runner.runBundle(stage, [[{ key: '0', value }]]);
    assert.equal(error, '');
    assert.deepEqual([...joinPieces(outputs.map(({ value }) => value))].map(Buffer.from), [
      Buffer.from(encodeStream(stream)),
    ]);
  }
  runner.control.end();
  assert.match(await exited, /^0\n/);
});

const prism = await startPrism();
after(async () => {
  if (prism.absent === undefined) await prism.stop();
});

test('Prism starts the entry point for the phases of a job', { skip: prism.absent ?? false }, async () => {
  assert.ok(prism.absent === undefined);
  const script = join(folder, 'worker.sh');
  const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  const command = entryCommand(image).map((word) => `'${word}'`);
  const bare = `env -i PATH='${path}' HOME='${folder}'`;
  writeFileSync(script, `#!/bin/sh\ncd /\nexec ${bare} ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  const onPrism = await begun('prism');
  const direct = await begun('direct');
  for (const name of ['counts', 'streams', 'written']) {
    const phaseOf = ({ staging, job }: typeof direct) =>
      phaseGraph(staging, phasesOf(staging, job).find((phase) => phase.name === name) ?? assert.fail(name));
    const { counters } = await runPortable(phaseOf(onPrism), {
      jobEndpoint: prism.endpoint,
      jobName: name,
      environment: { process: script },
      signal: AbortSignal.timeout(JOB_MS),
    });
    const expected = await runDirect(phaseOf(direct));
    assert.deepEqual([...counters].sort(), [...expected.counters].sort(), name);
  }
  assert.deepEqual(digests(dataPath(onPrism.staging)), digests(dataPath(direct.staging)), 'every byte of every shard');
  assert.ok(filesBelow(dataPath(direct.staging)).length > 0);
});
