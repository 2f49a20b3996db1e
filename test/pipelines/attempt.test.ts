import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { DoFn, instantiate, type KV, type ProcessContext, registerDoFn, runDirect } from '../../beam/index.js';
import { beginAttempt, findAttempt } from '../../pipelines/attempt.js';
import { runBalance } from '../../pipelines/balance.js';
import { countPhase } from '../../pipelines/passes.js';
import { phaseGraph, type Reduce } from '../../pipelines/phase.js';
import { partialOf, prepareJob } from '../../pipelines/prepare.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { digests, filesBelow, scratch } from '../end-to-end/scratch.js';

const ROWS = 600;

/** `reached` and `released`: what the test waits for, and what waits for the test. */
const gate = new EventEmitter();

/** A worker that has everything and is about to say so, when its machine stands still for a while. */
class Late extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  private readonly reduce: DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array>;

  constructor(reduce: Reduce) {
    super();
    this.reduce = instantiate(reduce);
  }

  override setup() {
    return this.reduce.setup?.();
  }

  async *process(group: KV<string, Iterable<Uint8Array>>, ctx: ProcessContext) {
    const released = once(gate, 'released');
    gate.emit('reached');
    await released;
    yield* (await this.reduce.process(group, ctx)) ?? [];
  }
}
const late = registerDoFn('test:attempt:late', (reduce: Reduce) => new Late(reduce));

test('what a worker of an attempt that was given up leaves late is not taken for what the next one found', async (t) => {
  const folder = scratch(t);
  const input = join(folder, 'in.parquet');
  await saveParquet(input, demoBatch(1, 0, ROWS), ROWS / 4);
  const out = join(folder, 'out');
  const configOf = (minimum: number) =>
    parseConfig({
      input: { files: input },
      filters: [{ words: { minimum } }],
      attributes: { female: { lexicon: 'gender', value: 'female' } },
      labels: [{ lexicon: 'occupations' }],
      balance: { rate: 0.4 },
      output: { directory: out, formats: ['parquet'] },
    });
  const next = configOf(8);
  await runBalance(next);
  const undisturbed = digests(out);
  rmSync(out, { recursive: true });

  const partial = partialOf(out);
  const job = await prepareJob(configOf(3));
  const staging = await beginAttempt(partial, job);
  const reached = once(gate, 'reached');
  const phase = countPhase(staging, job);
  const zombie = runDirect(phaseGraph(staging, { ...phase, reduce: late(phase.reduce) }));
  await reached;
  await beginAttempt(partial, await prepareJob(next));
  gate.emit('released');
  await zombie;
  const left = filesBelow(partial).filter((file) => file.endsWith(join('work', 'counts')));
  assert.equal(left.length, 1, 'it left its counts, into the emptied folder');
  assert.notEqual(join(partial, dirname(dirname(left[0]!))), await findAttempt(partial));

  await runBalance(next);
  assert.deepEqual(digests(out), undisturbed);
  assert.deepEqual(filesBelow(partial), []);
});

test('the name of an attempt is no path', async (t) => {
  const partial = scratch(t);
  assert.equal(await findAttempt(partial), undefined);
  const name = '0123456789abcdef-01234567';
  writeFileSync(join(partial, 'attempt'), name);
  assert.equal(await findAttempt(partial), join(partial, name));
  for (const hostile of ['', '..', '../other', `/${name}`, `${name}/..`, `${name}\n`]) {
    writeFileSync(join(partial, 'attempt'), hostile);
    assert.equal(await findAttempt(partial), undefined, hostile);
  }
});
