/** What the SDK's direct runner gets wrong, shown on it and on ours. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import {
  DoFn,
  groupByKey,
  impulse,
  type KV,
  kvCoder,
  type ProcessContext,
  type Root,
  registerDoFn,
  runDirect,
} from '../../beam/index.js';
import * as fns from './fns.js';
import { runStock } from './stock/child.js';

const { anyCoder, collected, numberCoder, probe } = fns;

interface Outcome {
  readonly error: string | null;
  readonly seen: any[];
  /** How much was seen when the run had resolved. */
  readonly atEnd: number;
  readonly unhandled: number;
}

interface Stock {
  readonly promiseOfImpulse: Outcome;
  readonly errorBehindImpulse: Outcome;
  readonly asyncDoFn: Outcome;
  readonly asyncStart: Outcome;
  readonly numericKeys: Outcome;
  readonly inFlight: number;
  readonly counter: number;
  readonly ticks: number;
}

let stock: Stock;
before(async () => {
  stock = await runStock('direct');
});
beforeEach(fns.resetProbe);

const numbers = (root: Root, n: number) => impulse(root).parDo('range', fns.range({ n }), { coder: numberCoder });
const throwing = (where: fns.ThrowsWhere) => (root: Root) => {
  impulse(root).parDo('bad', fns.throwsAt({ where }), { coder: numberCoder });
};

test('a run ends before what is behind an impulse is done', async () => {
  assert.deepEqual([stock.promiseOfImpulse.error, stock.promiseOfImpulse.atEnd], [null, 0]);
  await runDirect((root) => {
    impulse(root)
      .parDo('later', later(null), { coder: anyCoder })
      .parDo('collect', fns.collect(null), { coder: anyCoder });
  });
  assert.equal(collected.length, 1);
});

test('an error behind an impulse is left unhandled, and the run succeeds', async () => {
  assert.deepEqual([stock.errorBehindImpulse.error, stock.errorBehindImpulse.unhandled], [null, 1]);
  await assert.rejects(runDirect(throwing('async')), /boom async/);
});

test('async DoFns are not supported', async () => {
  assert.equal(stock.asyncDoFn.error, 'doFnOutput is not iterable');
  await runDirect((root) => {
    numbers(root, 2)
      .parDo('slow', fns.slow({ ms: 0 }), { coder: numberCoder })
      .parDo('collect', fns.collect(null), { coder: anyCoder });
  });
  assert.deepEqual(collected.slice(0, 2), [0, 1]);
});

test('an async startBundle that rejects is left unhandled, and the run succeeds', async () => {
  assert.deepEqual([stock.asyncStart.error, stock.asyncStart.unhandled], [null, 1]);
  await assert.rejects(runDirect(throwing('start')), /boom start/);
});

test('grouping merges numeric keys; ours takes strings only', async () => {
  assert.deepEqual(stock.numericKeys.seen, [{ key: 1, value: ['a', 'b'] }]);
  const grouped = (numeric: boolean) =>
    runDirect((root) => {
      const pairs = impulse(root).parDo('pairs', farApart({ numeric }), { coder: kvCoder(anyCoder) });
      groupByKey('group', pairs).parDo('collect', fns.collect(null), { coder: anyCoder });
    });
  await assert.rejects(grouped(true), /"group": a key is a number, not a string/);
  await grouped(false);
  assert.equal(collected.length, 2);
});

test('promises pile up behind a slow step', async () => {
  assert.equal(stock.inFlight, 100);
  await runDirect((root) => {
    numbers(root, 100)
      .parDo('add', fns.addOne(null), { coder: numberCoder })
      .parDo('slow', fns.slow({ ms: 0 }), { coder: numberCoder });
  });
  assert.ok(probe.maxAhead <= 2);
});

test('counters overflow at 2^31', async () => {
  assert.equal(stock.counter, (3 * 1.5e9) % 2 ** 32);
  const { counters } = await runDirect((root) => {
    numbers(root, 3).parDo('count', countsALot(null), { coder: anyCoder });
  });
  assert.equal(counters.get('count'), 3 * 1.5e9);
});

test('no timer runs during a run', async () => {
  assert.equal(stock.ticks, 0);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await runDirect((root) => {
    numbers(root, 300).parDo('busy', fns.busy({ ms: 1 }), { coder: numberCoder });
  });
  clearInterval(timer);
  assert.ok(ticks > 0);
});

class Later extends DoFn<unknown, unknown> {
  async process(x: unknown) {
    await fns.sleep(5);
    return [x];
  }
}
const later = registerDoFn('test:later', (_: null) => new Later());

class FarApart extends DoFn<unknown, KV<string, string>> {
  constructor(private readonly config: { numeric: boolean }) {
    super();
  }
  *process() {
    for (const key of [1, 2 ** 32 + 1]) yield { key: (this.config.numeric ? key : `${key}`) as string, value: 'x' };
  }
}
const farApart = registerDoFn('test:farApart', (config: { numeric: boolean }) => new FarApart(config));

class CountsALot extends DoFn<number, never> {
  process(_: number, ctx: ProcessContext) {
    ctx.counter('count', 1.5e9);
  }
}
const countsALot = registerDoFn('test:countsALot', (_: null) => new CountsALot());
